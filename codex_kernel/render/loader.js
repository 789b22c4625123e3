// What every turn's widget brings along: it asks the kernel for the script once per page, and only
// where a frontend draws the widget. The script is some hundred times as long as a short turn.

function asked(model) {
  return new Promise((resolve, reject) => {
    const heard = ({ kind, script, style }) => {
      if (kind === 'script') {
        model.off('msg:custom', heard);
        const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
        import(url)
          .then(module => resolve({ widget: module.default, style }), reject)
          .finally(() => URL.revokeObjectURL(url));
      }
    };
    model.on('msg:custom', heard);
    model.send({ kind: 'script' });
  });
}

export default {
  async render({ model, el }) {
    const key = Symbol.for(`codex_kernel.widget.${model.get('script_id')}`);
    const { widget, style } = (globalThis[key] ??= await asked(model));
    const sheet = document.createElement('style');
    sheet.textContent = style;
    el.append(sheet);
    return widget.render({ model, el });
  }
};
