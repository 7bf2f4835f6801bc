// Passes where a JSON object stands somewhere in the answer, and follows the schema if there is one.
// promptfoo also takes what is nearly JSON, such as `{a: 1}`: an answer that is decided by such a text
// alone is `unknown`.
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
    const piece = text.slice(start, end) + '}'.repeat(open)
    try {
      if (/[^\t\n\r -~\u0085\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd]/.test(piece.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''))) throw piece
      if (/"(<<|__proto__)"\s*:/.test(piece)) throw piece
      objects.push(JSON.parse(piece, (_, value) => {
        // There, a number that is too large is a text.
        if (value === Infinity || value === -Infinity) throw value
        return value
      }))
      start = end - 1
    } catch {
      doubtful = true
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
return doubtful ? { grade: 'unknown', reason: 'only what is nearly JSON stands in the answer' } : false
