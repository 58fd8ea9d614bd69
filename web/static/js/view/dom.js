// @ts-check
/** Small tools of the view: hooks of the template, texts, icons. Nothing sets markup. */

import { page } from "../page.js";

/**
 * The element with `data-<hook>` inside `root`.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} hook
 * @returns {T}
 */
export function hook(root, hook) {
  const element = root.querySelector(`[data-${hook}]`);
  if (element === null) throw new Error(`no element with data-${hook}`);
  return /** @type {T} */ (element);
}

/**
 * A copy of the `<template>` with this id.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function clone(id) {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById(id));
  const element = template?.content.firstElementChild;
  if (!element) throw new Error(`no template ${id}`);
  return /** @type {HTMLElement} */ (element.cloneNode(true));
}

/**
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {HTMLElement} element
 * @param {boolean} shown
 */
export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/**
 * Show another icon in the first `<svg class="i">` of an element.
 *
 * @param {Element} element
 * @param {string} name without "i-"
 */
export function setIcon(element, name) {
  const use = element.querySelector("svg.i use");
  if (use !== null) setAttribute(use, "href", `${page.icons}#i-${name}`);
}

/**
 * @param {Element} element
 * @param {string} className
 */
export function setClass(element, className) {
  if (element.className !== className) element.className = className;
}

/**
 * Put `wanted` into `parent` in this order, moving as few as possible: a `<video>` that moves stops.
 *
 * @param {Element} parent
 * @param {readonly Element[]} wanted
 */
export function arrange(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) {
    if (!kept.has(child)) child.remove();
  }
  wanted.forEach((child, at) => {
    const there = parent.children[at] ?? null;
    if (there !== child) parent.insertBefore(child, there);
  });
}

/**
 * What a button without words does, for screen readers and for who points at it.
 *
 * @param {HTMLElement} button
 * @param {string} text
 */
export function label(button, text) {
  setAttribute(button, "aria-label", text);
  setAttribute(button, "title", text);
}

/**
 * Forget the rows of seats that are not shown any more.
 *
 * @param {Map<string, HTMLElement>} rows
 * @param {readonly { id: string }[]} seats
 */
export function forget(rows, seats) {
  const kept = new Set(seats.map(({ id }) => id));
  for (const id of [...rows.keys()]) {
    if (!kept.has(id)) rows.delete(id);
  }
}
