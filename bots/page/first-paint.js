// Sets the chosen theme and language before the first paint, so that nothing flashes; classic, since modules wait.
"use strict";
{
  const theme = localStorage.getItem("greenroom.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  const wanted = localStorage.getItem("greenroom.language") ?? navigator.language;
  document.documentElement.lang = wanted.toLowerCase().startsWith("zh") ? "zh" : "en";
}
