// Reads a page again when something on it has changed elsewhere. It listens while the
// page is seen; a page that comes back into sight hears first what it missed.
import { swap } from './swap.js';

const sign = document.getElementById('live');
const wanted = sign?.dataset.what ? sign.dataset.what.split(' ') : [];
let after = sign?.dataset.after, stream, due, reading = false;

function show(on) {
  sign.replaceChildren();
  if (on) sign.textContent = '✓ ' + sign.dataset.yes;
  else {
    const again = document.createElement('a');
    again.href = location.href;
    again.textContent = sign.dataset.no;
    sign.append(again);
  }
}

async function read() {
  due = undefined;
  if (reading) return later();
  reading = true;
  try {
    await swap(location.href, { headers: { 'Afield-Live': '1' } }, ['main', 'rail']);
  } catch {
    show(false);
  }
  reading = false;
}

// A little later, so that what changes together is read once.
function later() {
  due ??= setTimeout(read, 400 + Math.random() * 800);
}

function listen() {
  if (stream || document.hidden) return;
  stream = new EventSource('/events?after=' + encodeURIComponent(after ?? ''));
  const heard = event => { if (event.lastEventId) after = event.lastEventId; };
  stream.addEventListener('here', event => {
    if (!after) later(); // nobody looked when this page was made
    heard(event);
    show(true);
  });
  stream.addEventListener('change', event => {
    heard(event);
    show(true);
    const { what, id } = JSON.parse(event.data);
    if (wanted.includes(what) || wanted.includes(what + ':' + id)) later();
  });
  stream.addEventListener('again', event => { heard(event); show(true); later(); });
  stream.addEventListener('error', () => show(false));
}

if (wanted.length > 0) {
  listen();
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) return listen();
    stream?.close();
    stream = undefined;
  });
}
