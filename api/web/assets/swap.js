// Puts parts of another page in the place of parts of this one, by id. Focus stays
// where it is; when what had it is gone, it goes to the scan field. It tells whether the
// visitor is still signed in; if not, the browser goes to the sign-in page.
export async function swap(address, options, ids) {
  const answer = await fetch(address, { credentials: 'same-origin', ...options });
  if (answer.status >= 500) throw new Error(String(answer.status));
  const there = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (!there.getElementById(ids[0])) {
    location.href = answer.url; // another page altogether
    return !new URL(answer.url).pathname.endsWith('/sign-in');
  }
  for (const id of ids) {
    const now = document.getElementById(id), next = there.getElementById(id);
    if (!now || !next || now.innerHTML === next.innerHTML) continue;
    const focused = now.contains(document.activeElement) ? document.activeElement.id : '';
    now.replaceChildren(...next.childNodes);
    if (focused) (document.getElementById(focused) ?? document.getElementById('scan'))?.focus();
  }
  return true;
}
