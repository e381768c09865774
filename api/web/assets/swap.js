// Makes parts of this page what they are on another page, by id. What has not changed
// stays as it is: what was typed, what is unfolded, where the focus is. When what had
// the focus is gone, it goes to the scan field.

// Leaves a form's key alone: one form is sent once, however often its page is read.
const own = element => element.name === 'key' || element.id === 'live';

// What somebody has typed into is never taken away: when it is sent, the answer says
// what has changed meanwhile and shows the text again.
const typed = element => element.nodeType === Node.ELEMENT_NODE && [element, ...element.querySelectorAll('input, textarea')]
  .some(field => field.defaultValue !== undefined && field.type !== 'hidden' && field.value !== field.defaultValue);

function become(now, next) {
  if (now.isEqualNode(next) || own(now)) return;
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && name !== 'open') now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value && name !== 'open') now.setAttribute(name, value);
  }
  let at = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    const same = wanted.id && [...now.children].find(child => child.id === wanted.id);
    if (same && same !== at) now.insertBefore(same, at);
    const fits = same || (at && at.nodeName === wanted.nodeName && (at.id ?? '') === (wanted.id ?? '') ? at : null);
    if (!fits) {
      now.insertBefore(wanted, at);
      continue;
    }
    at = fits.nextSibling;
    if (fits.nodeType === Node.ELEMENT_NODE) become(fits, wanted);
    else if (fits.data !== wanted.data) fits.data = wanted.data;
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    if (!typed(gone)) gone.remove();
  }
}

// It tells whether the visitor is still signed in; if not, the browser goes to the
// sign-in page.
export async function swap(address, options, ids) {
  const answer = await fetch(address, { credentials: 'same-origin', ...options });
  if (answer.status >= 500) throw new Error(String(answer.status));
  const there = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (!there.getElementById(ids[0])) {
    location.href = answer.url; // another page altogether
    return !new URL(answer.url).pathname.endsWith('/sign-in');
  }
  const focused = document.activeElement;
  for (const id of ids) {
    const now = document.getElementById(id), next = there.getElementById(id);
    if (now && next) become(now, next);
  }
  if (focused !== document.activeElement) {
    (focused.isConnected ? focused : document.getElementById(focused.id) ?? document.getElementById('scan'))?.focus();
  }
  return true;
}
