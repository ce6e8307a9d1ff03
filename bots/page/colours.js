// Gives an element a persona's two colours; styles/colours.css derives every other one from them.

export function dress(element, { palette: [first, second] }) {
  element.classList.add("in-her-colours");
  element.style.setProperty("--first", first);
  element.style.setProperty("--second", second);
}
