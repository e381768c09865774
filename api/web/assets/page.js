// What every staff page does: keys, and forms that keep focus. Without it each
// page is plain forms and links.

const scan = () => document.getElementById('scan');

// F8 goes to the scan field; a burst of keys from a scanner outside any field is
// moved into it.
let burst = '', last = 0;
document.addEventListener('keydown', event => {
  const field = event.target.closest?.('input,textarea,select,[contenteditable]');
  if (event.key === 'F8') {
    event.preventDefault();
    scan()?.focus();
    scan()?.select();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    location.href = '/find';
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
    const scope = event.target.closest?.('tr') ?? document;
    const button = scope.querySelector('.btn.primary, .act .btn') ?? document.querySelector('main .btn.primary');
    if (button) {
      event.preventDefault();
      button.click();
    }
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z' && !event.shiftKey) {
    if (field && !(field === scan() && field.value === '')) return;
    const undo = document.querySelector('.toast [aria-keyshortcuts="Control+Z"], main [aria-keyshortcuts="Control+Z"]');
    if (undo) {
      event.preventDefault();
      undo.click();
    }
    return;
  }
  if (event.key === 'F9') {
    const print = document.querySelector('[aria-keyshortcuts="F9"]');
    if (print) {
      event.preventDefault();
      print.click();
    }
    return;
  }
  if (!field && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const now = event.timeStamp;
    if (now - last > 35) burst = '';
    last = now;
    if (event.key === 'Enter') {
      if (burst.length >= 6 && scan()) {
        event.preventDefault();
        scan().value = burst;
        scan().form.requestSubmit();
      }
      burst = '';
    } else if (event.key.length === 1) {
      burst += event.key;
    }
  }
});

// Rows of a list: arrows move, Space chooses, the title link is the one stop.
document.addEventListener('keydown', event => {
  const row = event.target.closest?.('table.list tbody tr');
  if (!row || !['ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key)) return;
  if (event.target.matches('input:not([type=checkbox]),select,textarea')) return;
  const rows = [...row.closest('table').querySelectorAll('tbody tr')].filter(each => each.querySelector('a.t'));
  const at = rows.indexOf(row);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
  const next = rows[to]?.querySelector('a.t');
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

// What is wrong takes the focus, so that it is read first.
document.getElementById('trouble')?.focus();

// A slip or receipt is printed from its button.
document.addEventListener('click', event => {
  if (!event.target.closest?.('[data-print]')) return;
  event.preventDefault();
  print();
});
