"use strict";
// The forms of the page: each sends its request to this server and shows the answer.
// The page stands beside what it shows, under whatever host, port and path a proxy gives it.
const base = new URL(".", document.baseURI).href.replace(/\/$/, "");

for (const command of document.querySelectorAll("pre.command")) {
  command.textContent = command.textContent.replace(command.dataset.base, base);
}

async function send(form) {
  const { method, path, kind } = form.dataset;
  const headers = {};
  const query = new URLSearchParams();
  const key = document.getElementById("key").value.trim();
  if (key) headers["Authorization"] = "Bearer " + key;
  for (const input of form.querySelectorAll("input")) {
    if (!input.value) continue;
    if (input.dataset.place === "请求头") headers[input.name] = input.value;
    else query.set(input.name, input.value);
  }
  const body = form.querySelector("textarea");
  if (kind) headers["Content-Type"] = kind;
  const asked = query.toString(); // older browsers know no query.size
  const address = base + path + (asked ? "?" + asked : "");
  const reply = await fetch(address, { method, headers, body: body ? body.value : undefined });
  const text = await reply.text();
  return `${reply.status} ${reply.statusText}\n\n` + pretty(text);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const shown = form.querySelector(".reply");
    shown.hidden = false;
    shown.textContent = "……";
    try {
      shown.textContent = await send(form);
    } catch (error) {
      shown.textContent = "连不上服务：" + error.message;
    }
  });
}
