// The course's own piece of JupyterLab: what is written is saved before it is handed in, whichever way that is done.
//
// `hand_in()` asks for it by an event. nbgrader's Assignment List, in a tab of its own, submits what is saved: so whatever is open is
// saved when another tab, window or program comes to the front. And its button Validate, which would keep the server busy for a minute and say less
// than `check` does, is not shown.
//
// Written by hand, so that there is nothing to build: a container as webpack's module federation expects it.
(() => {
  const STYLE = '#assignments .nested_list_item button { display: none; }';

  function save(app) {
    for (const widget of app.shell.widgets('main')) {
      const context = widget.context;
      const unsaved = context && context.isReady && !context.isDisposed && context.model && context.model.dirty;
      if (unsaved && !context.model.readOnly && context.contentsModel && context.contentsModel.writable) {
        context.save().catch(() => {});  // JupyterLab itself has said why
      }
    }
  }

  const plugin = {
    id: 'tf-first-principles:saved',
    description: 'Saves what is open before it is handed in.',
    autoStart: true,
    activate: app => {
      const style = document.createElement('style');
      style.textContent = STYLE;
      document.head.append(style);
      window.addEventListener('course:save', () => save(app));
      window.addEventListener('blur', () => save(app));
      if (app.shell.currentChanged) {
        app.shell.currentChanged.connect(() => save(app));
      }
    }
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['tf-first-principles'] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: [plugin] })
  };
})();
