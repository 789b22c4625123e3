const js = require('@eslint/js');
const tseslint = require('typescript-eslint');

module.exports = tseslint.config(
  { ignores: ['lib', 'node_modules', '*.config.js'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      curly: 'error',
      eqeqeq: 'error',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'What Codex prints is not HTML: use textContent.' },
        { property: 'outerHTML', message: 'What Codex prints is not HTML: use textContent.' },
        { property: 'insertAdjacentHTML', message: 'What Codex prints is not HTML.' }
      ]
    }
  }
);
