// Passes where a JSON object stands somewhere in the answer, and follows the schema if there is one. As in
// promptfoo, what YAML takes for a mapping in braces will do, such as `{a: 1}`; an answer that is decided
// by a text whose meaning is not sure is `unknown`.
const DOUBT = 'doubt'
const nearly = (text) => {
  let at = 0
  const refuse = () => { throw new Error('no YAML') }
  const doubt = () => { throw DOUBT }
  const space = () => { while (/[ \n]/.test(text[at] ?? '')) at++ }
  const plain = (word) => {
    if (/^(null|Null|NULL|~)$/.test(word)) return null
    if (/^(true|True|TRUE)$/.test(word)) return true
    if (/^(false|False|FALSE)$/.test(word)) return false
    if (/^[-+]?(0|[1-9][0-9]*)$/.test(word) && word.length < 16) return Number(word)
    if (/^[-+]?(0|[1-9][0-9]*)\.[0-9]+$/.test(word) && word.length < 16) return Number(word)
    if (/^[-+.]*[0-9]/.test(word) || /^[-+]?\.(inf|nan)/i.test(word) || word === '<<' || word === '=') doubt()
    return word
  }
  const scalar = () => {
    const rest = text.slice(at)
    if (text[at] === '"') {
      if (!/^"(?:[^"\\]|\\[^])*"/.test(rest)) refuse()
      const found = /^"(?:[^"\\\n]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/.exec(rest) ?? doubt()
      at += found[0].length
      return JSON.parse(found[0])
    }
    if (text[at] === "'") {
      if (!/^'(?:[^']|'')*'/.test(rest)) refuse()
      const found = /^'((?:[^'\n]|'')*)'/.exec(rest) ?? doubt()
      at += found[0].length
      return found[1].replaceAll("''", "'")
    }
    // Words, single spaces between them, up to what ends them.
    const found = /^[A-Za-z0-9_$.~+(][A-Za-z0-9_$.~+()/;=<>^-]*(?: [A-Za-z0-9_$.~+()/;=<>^-]+)*(?= *\n* *[,}\]]| *:[ \n,}\]])/.exec(rest) ?? doubt()
    at += found[0].length
    return plain(found[0])
  }
  const value = () => {
    space()
    return text[at] === '{' ? map() : text[at] === '[' ? list() : scalar()
  }
  const map = () => {
    at++
    const entries = {}
    for (;;) {
      space()
      if (text[at] === '}') { at++; return entries }
      if (/[{[,%@`\]]/.test(text[at] ?? '')) refuse()
      const quoted = text[at] === '"' || text[at] === "'"
      const key = scalar()
      space()
      let content = null
      if (text[at] === ':') {
        if (!quoted && !/[ \n,}]/.test(text[at + 1] ?? ' ')) doubt()
        at++
        space()
        if (text[at] !== ',' && text[at] !== '}') content = value()
      }
      if (key === null || typeof key === 'object' || key === '__proto__') doubt()
      entries[key] = content
      space()
      if (text[at] === ',') at++
      else if (text[at] !== '}') doubt()
    }
  }
  const list = () => {
    at++
    const items = []
    for (;;) {
      space()
      if (text[at] === ']') { at++; return items }
      items.push(value())
      space()
      if (text[at] === ',') at++
      else if (text[at] !== ']') doubt()
    }
  }
  const read = map()
  space()
  if (at < text.length) text[at] === '}' ? refuse() : doubt()
  return read
}
const strict = (text) => JSON.parse(text, (_, value) => {
  if (value === Infinity || value === -Infinity) throw DOUBT
  return value
})
const read = (text) => {
  const halves = text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')
  if (/[^\t\n\r -~\u0085\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd]/.test(halves)) throw DOUBT
  if (/"(<<|__proto__)"\s*:/.test(text)) throw DOUBT
  try {
    return strict(text)
  } catch (error) {
    // A comment, a tab and a carriage return have meanings of their own.
    if (error === DOUBT || /\/\/|\t|\r/.test(text)) throw DOUBT
    return nearly(text)
  }
}
const objectsIn = (text) => {
  const objects = []
  let doubtful = false
  for (let start = 0; start < text.length; start++) {
    if (text[start] !== '{') continue
    let open = 1
    let end = start + 1
    const limit = Math.min(start + 100000, text.length)
    while (end < limit && open > 0) {
      if (text[end] === '{') open++
      if (text[end] === '}') open--
      end++
    }
    try {
      objects.push(read(text.slice(start, end) + '}'.repeat(open)))
      start = end - 1
    } catch (error) {
      doubtful ||= error === DOUBT
    }
  }
  return { objects, doubtful }
}
const same = (one, two) => one === two || (one !== null && two !== null && typeof one === 'object' &&
  typeof two === 'object' && Array.isArray(one) === Array.isArray(two) &&
  Object.keys(one).length === Object.keys(two).length &&
  Object.keys(one).every((key) => Object.hasOwn(two, key) && same(one[key], two[key])))
const types = {
  null: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number' && isFinite(value),
  integer: (value) => typeof value === 'number' && isFinite(value) && value % 1 === 0,
  string: (value) => typeof value === 'string',
  array: (value) => Array.isArray(value),
  object: (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
}
const follows = (value, rule) => {
  if (typeof rule === 'boolean') return rule
  const all = (list, test) => (list ?? []).every(test)
  const has = (key) => Object.hasOwn(rule, key)
  if (has('type') && ![rule.type].flat().some((type) => types[type](value))) return false
  if (has('enum') && !rule.enum.some((one) => same(one, value))) return false
  if (has('const') && !same(rule.const, value)) return false
  if (!all(rule.allOf, (one) => follows(value, one))) return false
  if (has('anyOf') && !rule.anyOf.some((one) => follows(value, one))) return false
  if (has('oneOf') && rule.oneOf.filter((one) => follows(value, one)).length !== 1) return false
  if (has('not') && follows(value, rule.not)) return false
  if (types.object(value)) {
    const keys = Object.keys(value)
    if (!all(rule.required, (key) => Object.hasOwn(value, key))) return false
    if (keys.length < (rule.minProperties ?? 0) || keys.length > (rule.maxProperties ?? Infinity)) return false
    const known = rule.properties ?? {}
    for (const key of keys) {
      if (Object.hasOwn(known, key) ? !follows(value[key], known[key])
        : has('additionalProperties') && !follows(value[key], rule.additionalProperties)) return false
    }
  } else if (Array.isArray(value)) {
    if (value.length < (rule.minItems ?? 0) || value.length > (rule.maxItems ?? Infinity)) return false
    if (has('items') && !value.every((item) => follows(item, rule.items))) return false
    if (rule.uniqueItems && value.some((item, at) => value.slice(0, at).some((other) => same(item, other)))) return false
  } else if (typeof value === 'string') {
    const length = [...value].length
    if (length < (rule.minLength ?? 0) || length > (rule.maxLength ?? Infinity)) return false
    if (has('pattern') && !new RegExp(rule.pattern, 'u').test(value)) return false
  } else if (types.number(value)) {
    if (has('minimum') && value < rule.minimum) return false
    if (has('maximum') && value > rule.maximum) return false
    if (has('exclusiveMinimum') && value <= rule.exclusiveMinimum) return false
    if (has('exclusiveMaximum') && value >= rule.exclusiveMaximum) return false
    if (has('multipleOf') && value % rule.multipleOf !== 0) return false
  }
  return true
}
const { objects, doubtful } = objectsIn(output)
if (objects.some((object) => follows(object, schema))) return true
return doubtful ? { grade: 'unknown', reason: 'what stands in braces is no JSON, and may be YAML' } : false
