// How the page is built. A text of the chain becomes a text node, never markup, and what an attribute
// may lead to is checked here: links stay on this page, pictures are in their own address.

const SVG = "http://www.w3.org/2000/svg";
/** Characters that are invisible or turn the text around them. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00ad\ufe00-\ufe0f]/gu;

/** A text of the chain with what is invisible in it made visible. */
export function clean(text) {
  return String(text).replace(HIDDEN, "\ufffd");
}

/** An HTML element. `on*` attributes are functions; `style` is an object of CSS variables. */
export function h(name, attributes, ...children) {
  return build(document.createElement(name), attributes, children);
}

/** An SVG element. */
export function s(name, attributes, ...children) {
  return build(document.createElementNS(SVG, name), attributes, children);
}

/** Several nodes without an element around them. */
export function all(...children) {
  return append(document.createDocumentFragment(), children);
}

/** Puts children in the place of those that an element has; a link that had the focus keeps it. */
export function fill(element, ...children) {
  const { activeElement } = document;
  const focused = element.contains(activeElement) ? activeElement.getAttribute("href") : null;
  element.replaceChildren();
  append(element, children);
  if (focused !== null) {
    const links = [...element.querySelectorAll("a")];
    links.find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
  }
  return element;
}

/** Fills an element with what is still to come, and says so until it has; a failure is told in its place. */
export async function fillLater(element, content) {
  element.setAttribute("aria-busy", "true");
  try {
    fill(element, await content);
  } catch (error) {
    fill(element, h("p", { class: "soft trouble" }, `This could not be read: ${error.message}`));
  }
  element.removeAttribute("aria-busy");
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null && value !== false) set(element, name, value);
  }
  return append(element, children);
}

function set(element, name, value) {
  if (name.startsWith("on")) {
    if (typeof value !== "function") throw new TypeError(`${name} is no function`);
    element.addEventListener(name.slice(2), value);
  } else if (name === "style") {
    for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
  } else if (name === "href" && !/^#/.test(value)) {
    throw new TypeError("links stay on this page");
  } else if (name === "src" && !isPicture(value)) {
    throw new TypeError("pictures are data");
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    parent.append(child instanceof Node ? child : clean(child));
  }
  return parent;
}

/** Whether this is a picture that an `img` shows without running or loading anything. */
export function isPicture(address) {
  return /^data:image\/(svg\+xml|png|jpeg|gif|webp)[;,]/.test(address);
}
