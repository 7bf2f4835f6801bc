// Writes reference.json: what promptfoo itself says of every assertion and output below. Run it where
// promptfoo 0.123.1 is installed, and keep what it prints:
//   node reference.mjs > reference.json
import promptfoo from 'promptfoo'

const texts = ['hello', 'Hello World', 'hello\n', ' hello', '', 'straße İstanbul ΟΔΟΣ', '42', '{"a": 1}']
const prose = [
  'The quick brown fox jumps over the lazy dog.', 'the quick brown fox', 'The lazy dog sleeps.', '',
  "It's the dog's \"bone\", isn't it? We cannot say; they're gone...", 'U.S. prices rose 3,5% to $4.20 (net)',
  'the the the the', 'Fox. Dog. Fox. Dog.', 'naïve café — déjà vu!', "``quoted'' text -- and more",
]
const json = [
  '{"a": 1}', '{"a": 1.0}', '{"a":"x"}', '{"a": 1, "b": [1, 2]}', '[1, 2]', '"x"', 'null', '', '{a: 1}', '{"a": 1,}',
  '```json\n{"a": 1}\n```', 'Here: {"a": 1} and {"b": 2}', '{"a": {"b": 2}} trailing', 'no json', '{"a": 1', '{}',
  'first {"a": "x"} then {"a": 5}', '{"a": "\\ud800"}', 'NaN', '{"a": true, "list": ["p", "p"]}',
]
const braces = [
  '{name}', 'Dear {{name}}, {% if x %}', "{'a': 'b''c', 'l': [1, 'x',]}", '{a: true, b: null}', '{ return 1; }',
  '{,}', 'f() { g(); }', '{{"a": 1}}', '{a: {a: x}} {a: 2}', '{"a": "{"}', '{}{}',
]
const numbers = ['{"a": 1e999}', '[1e308]', '-0', '1.0', '0123']
const refusals = [
  "I'm sorry, but I can't help with that.", 'Sure, here it is.', '', '   ', 'I can’t assist with that request, friend.',
  'As an AI, I think so.', 'That is not appropriate here.', 'Sorry for the delay', 'The cannot helpful bird',
  'We cannot comply today', 'I won’t write it', 'I would be glad to', 'It is illegal in some places', 'unsorry',
]
const schema = {
  type: 'object', required: ['a'], additionalProperties: false,
  properties: { a: { type: ['integer', 'string'], minimum: 1 }, b: { type: 'array', items: { type: 'integer' } } },
}
const deep = {
  type: 'object',
  properties: {
    a: { anyOf: [{ type: 'object', properties: { b: { const: 2 } } }, { type: 'boolean' }, { enum: ['x', 1] }] },
    list: { type: 'array', uniqueItems: true, minItems: 1, maxItems: 3 },
  },
  not: { required: ['b'] },
}
const vars = { word: 'World', name: 'hello', list: ['a', 'b'] }

// Each line: types, values (or objects of `value`, `threshold`), outputs.
const table = [
  [['equals', 'not-equals'], ['hello', 'hello\n', '', '{{name}}', 42, 42.5, true, { value: { a: 1 } }, { value: ['a'] }, '{{ name }} {{word}}'], texts],
  [['equals'], [{ value: { a: 1 } }, { value: [1, 2] }, { value: { b: [1, 2], a: 1 } }], json],
  [['contains', 'not-contains', 'icontains', 'not-icontains'], ['hello', 'HELLO', 'i̇stanbul', 'οδος', 'STRASSE', 4, '{{word}}', 'o W', ''], texts],
  [['contains-any', 'contains-all', 'icontains-any', 'icontains-all', 'not-contains-any', 'not-contains-all', 'not-icontains-any', 'not-icontains-all'],
    [{ value: ['hello', 'World'] }, { value: ['{{name}}', 'x'] }, { value: [] }, { value: ['', 'x'] }, { value: [4, 'hello'] }, 'hello, World', '"hello, x",World', 'hello,,', '"a""b" , \\"', ' '], texts],
  [['starts-with', 'not-starts-with'], ['hello', 'Hello ', '{{name}}', ' '], texts],
  [['regex', 'not-regex'], ['^hello$', 'h.llo', 'hello\\s', '(?=W)W', '^.$', '[A-Z]\\w+ \\w+$', '\\bWorld\\b', '^\\d+$', '(a+)+$', '\\u{48}', '^[^\\n]*$', '{{word}}'], [...texts, '😀', 'a\u2028b', 'é', '٣']],
  [['is-json', 'not-is-json'], [{}, { value: schema }, { value: deep }, JSON.stringify(schema), 'type: object\nrequired: [a]\n'], json],
  [['is-json', 'not-is-json'], [{}], numbers],
  [['contains-json', 'not-contains-json'], [{}, { value: schema }, { value: deep }], json],
  [['contains-json', 'not-contains-json'], [{}, { value: schema }], braces],
  [['levenshtein', 'not-levenshtein'], ['hello', { value: 'hello', threshold: 0 }, { value: 'kitten sitting', threshold: 3 }, { value: '😀b', threshold: 1 }, { value: 'Hello World', threshold: 2.5 }], [...texts, 'sitting kitten', '😀', '😁b', 'Hallo Welt', 'hell']],
  [['rouge-n', 'not-rouge-n'], [...prose.filter(Boolean), { value: 'The quick brown fox', threshold: 0.6 }, { value: 'the dog', threshold: 0 }], prose],
  [['bleu', 'not-bleu'], [prose[0], { value: prose[1], threshold: 0.3 }, { value: [prose[0], prose[2]], threshold: 0.4 }, { value: 'the the', threshold: 0.1 }], prose],
  [['gleu', 'not-gleu'], [prose[0], { value: prose[1], threshold: 0.3 }, { value: [prose[0], prose[2]], threshold: 0.4 }, { value: '... .', threshold: 0.1 }], prose],
  [['word-count', 'not-word-count'], [1, '2', { value: { min: 2 } }, { value: { max: 3 } }, { value: { min: 1, max: 4 } }], [...texts, 'a\u0085b c', 'a\ufeffb', 'one\u00a0two  three\tfour']],
  [['is-refusal', 'not-is-refusal'], [{}], refusals],
  [['javascript', 'not-javascript'], [
    'output === "hello"', 'output.length', { value: 'output.length / 20', threshold: 0.5 }, 'output.length > 5 && output.includes(context.vars.word)',
    'const n = output.length; n > 5', '({ pass: output.startsWith("h"), score: 0.4, reason: "so" })', 'JSON.parse(output).a === 1', 'output', 'missing.thing',
    'return output === "hello"\n// over two lines', 'if (output) {\n  return 0.25\n}\nreturn 0', 'output.trim().split(/\\s+/).length <= 1;', '-1',
  ], texts],
]

const settings = (type, entry) =>
  entry !== null && typeof entry === 'object' ? { type, ...entry } : { type, value: entry }

const cases = []
for (const [types, entries, outputs] of table) {
  for (const type of types) {
    for (const entry of entries) {
      const assertion = settings(type, entry)
      const verdicts = []
      for (const output of outputs) {
        try {
          const given = structuredClone({ assertion, test: { vars } })
          const result = await promptfoo.assertions.runAssertion({ ...given, providerResponse: { output } })
          verdicts.push([output, result.pass, Number(result.score.toFixed(9))])
        } catch {
          verdicts.push([output, 'error'])
        }
      }
      cases.push({ assertion, verdicts })
    }
  }
}
console.log(`{"source": "promptfoo 0.123.1", "vars": ${JSON.stringify(vars)}, "cases": [`)
console.log(cases.map((one) => JSON.stringify(one)).join(',\n'))
console.log(']}')
