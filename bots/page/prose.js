// A reply's words as they grow: the server's sanitised HTML, the newest letters behind it, and a caret at the end.

const BLOCKS = new Set(["P", "UL", "OL", "LI", "BLOCKQUOTE", "PRE", "CODE", "DIV"]);
// an action whose closing star has not been said yet is already an action
const ACTION = /(?<!\*)\*(?!\*|\s)([^*\n]+)(?:\*(?!\*)|$)/g;

/**
 * Shows `html`, then `tail` (letters not yet rendered), then the caret while `streaming`. Blocks that did not change
 * stay the same nodes: nothing above the growing line flickers and no selection is lost.
 */
export function pour(element, { html, tail = "", streaming = false }) {
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  for (const link of wanted.content.querySelectorAll("a")) link.target = "_blank";
  if (streaming) grow(wanted.content, tail);
  settle(element, [...wanted.content.childNodes]);
}

/** Sets letters behind what is rendered; an empty line among them begins a new paragraph. */
function grow(root, tail) {
  const [first, ...further] = tail.split(/\n{2,}/);
  let end = growingEnd(root);
  end.append(first);
  for (const paragraph of further.filter(Boolean)) {
    end = document.createElement("p");
    end.append(paragraph);
    root.append(end);
  }
  end.normalize();
  italicise(end);
  end.append(caret());
}

function growingEnd(root) {
  let end = root;
  while (end.lastElementChild && BLOCKS.has(end.lastElementChild.tagName)) end = end.lastElementChild;
  if (end !== root) return end;
  const first = document.createElement("p");
  root.append(first);
  return first;
}

function italicise(block) {
  if (block.closest?.("pre, code")) return;
  for (const node of [...block.childNodes]) {
    if (node.nodeType !== Node.TEXT_NODE || !node.data.includes("*")) continue;
    const pieces = [];
    let from = 0;
    for (const found of node.data.matchAll(ACTION)) {
      const action = document.createElement("em");
      action.textContent = found[1];
      pieces.push(node.data.slice(from, found.index), action);
      from = found.index + found[0].length;
    }
    if (pieces.length) node.replaceWith(...pieces, node.data.slice(from));
  }
}

function caret() {
  const mark = document.createElement("span");
  mark.className = "caret";
  mark.setAttribute("aria-hidden", "true");
  return mark;
}

function settle(element, wanted) {
  const here = [...element.childNodes];
  wanted.forEach((node, index) => {
    if (!here[index]) element.append(node);
    else if (!here[index].isEqualNode(node)) here[index].replaceWith(node);
  });
  for (const extra of here.slice(wanted.length)) extra.remove();
}
