// What the page's scripts must keep to beside their types.

const js = require('@eslint/js');
const globals = require('globals');

/** Names, labels and steps come from registries and are hostile text: only `element.js` makes elements, of text. */
const PARSING = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'createContextualFragment', 'write', 'srcdoc'];

module.exports = [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'array-callback-return': 'error',
      'consistent-return': 'error',
      'default-case-last': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-constructor-return': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-loop-func': 'error',
      'no-param-reassign': 'error',
      'no-promise-executor-return': ['error', { allowVoid: true }],
      'no-restricted-properties': ['error', ...PARSING.map((property) => ({ property, message: 'It parses HTML.' }))],
      'no-return-assign': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-unreachable-loop': 'error',
      'no-unused-expressions': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
];
