// Adds to pages that work without it: live state, copying, a busy button, a countdown, local times.
(() => {
  'use strict';
  const every = (selector, each) => document.querySelectorAll(selector).forEach(each);
  let skew = 0;
  let sending = false;
  let look = () => {};

  // The page says what was true at its version and state. When the server speaks of others, load it
  // anew. An event's data is {"version": "4", "state": "paid", "now": milliseconds by the server's clock}.
  // Not while a form of the page is under way: its own news must not overtake its answer.
  every('[data-events]', (main) => {
    const { events, version, state, self } = main.dataset;
    let old = false;
    look = () => old && !sending && location.replace(self || location.pathname);
    new EventSource(events).onmessage = (event) => {
      const now = JSON.parse(event.data);
      if (now.now) skew = now.now - Date.now();
      old = String(now.version) !== version || (now.state && state && now.state !== state);
      look();
    };
  });

  // What has to be corrected is read first.
  every('#errors', (box) => box.focus());

  every('[data-copy]', (element) => {
    const button = document.createElement('button');
    const said = document.createElement('span');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = element.dataset.word;
    said.setAttribute('role', 'status');
    said.className = 'hide';
    button.onclick = () => navigator.clipboard.writeText(element.dataset.copy).then(() => {
      button.textContent = said.textContent = element.dataset.done;
      setTimeout(() => {
        button.textContent = element.dataset.word;
        said.textContent = '';
      }, 3000);
    });
    if (navigator.clipboard) element.append(button, said);
  });

  // One tap is one try. The server refuses a second by itself: this only shows it, and lets go again.
  const free = (button) => {
    button.removeAttribute('aria-busy');
    if (button.dataset.idle) button.textContent = button.dataset.idle;
  };
  const stay = () => {
    sending = false;
    look();
  };
  document.addEventListener('submit', (event) => {
    const button = event.target.querySelector('[data-busy]');
    sending = true;
    setTimeout(stay, 10000);
    if (!button) return;
    if (button.hasAttribute('aria-busy')) return event.preventDefault();
    button.dataset.idle = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute('aria-busy', true);
    setTimeout(free, 10000, button);
  });
  addEventListener('pageshow', () => {
    every('[aria-busy]', free);
    stay();
  });

  // Minutes, not seconds: a screen reader says each change.
  every('[data-until]', (element) => {
    const { until, many, one, over } = element.dataset;
    const tick = () => {
      const left = (Date.parse(until) - Date.now() - skew) / 60000;
      const text = left > 1 ? many.replace('{n}', Math.round(left)) : left > 0 ? one : over;
      if (text !== element.textContent) element.textContent = text;
    };
    tick();
    setInterval(tick, 1000);
  });
})();
