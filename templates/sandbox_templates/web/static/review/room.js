// What every part of the page stands in.

export const room = document.getElementById("room");

export const find = (selector, within = document) => within.querySelector(selector);

export const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

export const random = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
