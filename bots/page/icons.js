// The page's few pictures, drawn as strokes on a 24-unit grid in the colour of the text around them.

const SVG = "http://www.w3.org/2000/svg";
const STROKES = {
  again: "M19.500 12a7.500 7.500 0 1 1-2.400-5.500M19.500 3.500v4.200h-4.200",
  back: "M14.500 6 8.500 12l6 6",
  cast: "M9 11.500a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400M3 19c.400-3.300 2.800-5 6-5s5.600 1.700 6 5M15.500 5.300a3.200 3.200 0 0 1 0 6M17.500 14.300c2 .600 3.200 2.200 3.500 4.700",
  close: "M6.500 6.500l11 11M17.500 6.500l-11 11",
  correct: "M5 19l.900-3.900L15.800 5.200a1.600 1.600 0 0 1 2.300 0l.700.700a1.600 1.600 0 0 1 0 2.300L8.900 18.100z",
  copy: "M9 9h10v11H9zM5.500 15V4.500H15",
  down: "M12 5v13M6.500 12.800 12 18.300l5.500-5.500",
  forth: "M9.500 6l6 6-6 6",
  goOn: "M4.500 7h10M4.500 12h6M4.500 17h5M14 13.500l3.500 3.500L21 13.500M17.500 17V9",
  memory: "M6.500 4.500h9.300a2.200 2.200 0 0 1 2.200 2.200v12.800H8.200a2.200 2.200 0 0 1-2.200-2.200V5zM6 17.300c0-1.200 1-2 2.200-2H18M10 8.500h4.500",
  more: "M6 12h.010M12 12h.010M18 12h.010",
  send: "M12 19V5.500M6.200 11 12 5.200l5.800 5.800",
  settings: "M4.500 8h8M17.500 8h2M4.500 16h2M11.500 16h8M15 10.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600M9 18.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600",
  stop: "M8 8h8v8H8z",
  talks: "M4.500 6.200c0-.900.700-1.700 1.700-1.700h11.600c1 0 1.700.800 1.700 1.700v8.100c0 .900-.700 1.700-1.700 1.700H11l-4.200 3.500V16h-.600c-1 0-1.700-.800-1.700-1.700z",
  thumbDown: "M7.500 13.500V5h-3v8.500zM7.500 13.200l3.600 6.300c1.300 0 2-.900 2-2.100v-3.200h4.300c1.300 0 2.200-1.100 2-2.300l-.900-5.200A2 2 0 0 0 16.500 5h-9",
  thumbUp: "M7.500 10.500V19h-3v-8.500zM7.500 10.800l3.600-6.300c1.300 0 2 .900 2 2.100v3.200h4.300c1.300 0 2.200 1.100 2 2.300l-.900 5.200a2 2 0 0 1-2 1.700h-9",
  why: "M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17M9.800 9.600c.200-1.300 1.100-2 2.300-2 1.300 0 2.300.800 2.300 2 0 1.700-2.300 1.900-2.300 3.700M12.100 16.200h.010",
};

/** An `<svg>` that says nothing to a screen reader; the button around it has the words. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
}
