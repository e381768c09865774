// The scan desk: scans are queued and sent in order, so that none is lost while the
// server takes its time; the answer's parts are put in place without a reload.
import { swap } from './swap.js';

const form = () => document.getElementById('scan-form');
const field = () => document.getElementById('scan');
const line = () => document.getElementById('line');
const parts = ['result', 'last', 'aside', 'say', 'toasts'];
const store = 'afield scans';

// What waits is kept on this computer until it is answered, also over a restart.
const waiting = JSON.parse(localStorage.getItem(store) ?? '[]');
const keep = () => localStorage.setItem(store, JSON.stringify(waiting));

let busy = false;

function tell() {
  if (!line()) return;
  line().textContent = waiting.length > 0 ? line().dataset.waiting?.replace('{n}', waiting.length) ?? String(waiting.length) : '';
}

async function work() {
  if (busy) return;
  busy = true;
  while (waiting.length > 0) {
    tell();
    try {
      const data = new URLSearchParams(waiting[0].data);
      if (Date.now() - waiting[0].at > 60000) data.set('scanned_at', new Date(waiting[0].at).toISOString());
      const taken = await swap('/desk', { method: 'POST', body: data }, parts);
      if (!taken) break; // signed out: the scan waits for the next sign-in
    } catch {
      setTimeout(work, 2000); // away: keep them, try again
      break;
    }
    waiting.shift();
    keep();
    sound();
  }
  busy = false;
  tell();
}

function sound() {
  const flash = document.querySelector('#result .flash');
  if (!flash || localStorage.getItem('afield quiet')) return;
  const audio = sound.audio ??= new AudioContext();
  const tones = flash.classList.contains('bad') ? [220] : flash.classList.contains('warn') ? [520, 520] : [880];
  tones.forEach((pitch, i) => {
    const tone = audio.createOscillator(), loud = audio.createGain();
    tone.frequency.value = pitch;
    loud.gain.value = 0.05;
    tone.connect(loud).connect(audio.destination);
    tone.start(audio.currentTime + i * 0.15);
    tone.stop(audio.currentTime + i * 0.15 + 0.1);
  });
}

form()?.addEventListener('submit', event => {
  event.preventDefault();
  const data = new URLSearchParams(new FormData(form()));
  data.set('key', crypto.randomUUID());
  waiting.push({ data: data.toString(), at: Date.now() });
  keep();
  field().value = '';
  field().focus();
  work();
});

document.addEventListener('keydown', event => {
  const mode = { F2: 'in', F4: 'out' }[event.key];
  if (mode) {
    event.preventDefault();
    const wanted = document.querySelector(`input[name=mode][value=${mode}]`);
    const right = document.querySelector('input[name=mode][value=normal]');
    (wanted.checked ? right : wanted).checked = true;
    field().focus();
  }
  if (event.key === 'Escape') {
    const end = document.querySelector('[aria-keyshortcuts=Escape]');
    if (end) {
      event.preventDefault();
      end.click();
    }
  }
});

work();
