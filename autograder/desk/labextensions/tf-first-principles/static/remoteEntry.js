// The course's own piece of JupyterLab: what is written is saved before it is handed in, whichever way that is done.
//
// `hand_in()` asks for it by an event; nbgrader's Assignment List, which submits what is saved, is held back until it is; and whatever is
// open is saved when another tab, window or program comes to the front. The list's button Validate, which would keep the server
// busy for a minute and say less than `check` does, is not shown.
//
// Written by hand, so that there is nothing to build: a container as webpack's module federation expects it.
(() => {
  const STYLE = '#assignments .nested_list_item button { display: none; }';

  const saving = new WeakMap();  // a document's context → how its save ends, while it is being saved, by whomever

  function watch(context) {
    if (!saving.has(context)) {
      saving.set(context, null);
      let ended;
      context.saveState.connect((_, state) => {
        if (state === 'started') {
          saving.set(context, new Promise(resolve => { ended = resolve; }));
        } else if (state !== 'completed manually') {
          saving.set(context, null);
          ended?.(state === 'completed');
        }
      });
    }
  }

  // How each save ends that is under way or needed. A second save at the same time would take the first for another program's.
  function saves(app) {
    const found = [];
    for (const widget of app.shell.widgets('main')) {
      const context = widget.context;
      if (!context?.model || context.isDisposed) {
        continue;
      }
      watch(context);
      if (saving.get(context)) {
        found.push(saving.get(context));
      } else if (context.isReady && context.model.dirty && !context.model.readOnly && context.contentsModel?.writable) {
        const done = context.save().then(() => true, () => false);  // JupyterLab itself says why not
        saving.set(context, done);
        done.then(() => saving.get(context) === done && saving.set(context, null));
        found.push(done);
      }
    }
    return found;
  }

  function holdBack(app) {
    let passing = null;
    document.addEventListener('click', async event => {
      const button = event.target.closest?.('#assignments button');
      if (!button || button.innerText !== 'Submit' || button === passing) {
        return;
      }
      const pending = saves(app);
      if (pending.length) {
        event.preventDefault();
        event.stopImmediatePropagation();
        if ((await Promise.all(pending)).every(Boolean)) {
          passing = button;
          button.click();
          passing = null;
        }
      }
    }, true);
  }

  const plugin = {
    id: 'tf-first-principles:saved',
    description: 'Saves what is open before it is handed in.',
    autoStart: true,
    activate: app => {
      const style = document.createElement('style');
      style.textContent = STYLE;
      document.head.append(style);
      holdBack(app);
      window.addEventListener('course:save', () => saves(app));
      window.addEventListener('blur', () => saves(app));
      if (app.shell.currentChanged) {
        app.shell.currentChanged.connect(() => saves(app));
      }
    }
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['tf-first-principles'] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: [plugin] })
  };
})();
