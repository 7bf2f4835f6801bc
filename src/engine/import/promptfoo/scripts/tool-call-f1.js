// The F1 of the names of the tools that are called and of those that are wanted. Calls are those that
// the provider names as such, or else those in an answer that is JSON as a whole; an answer with JSON
// inside other text is `unknown`.
const nameOf = (call) => {
  if (call === null || typeof call !== 'object') return
  if (call.type === 'tool_use' && typeof call.name === 'string') return call.name
  if (call.functionCall && typeof call.functionCall === 'object') return call.functionCall.name
  if (call.function && typeof call.function === 'object') return call.function.name
  return call.name
}
const namesIn = (value) => {
  if (value === null || typeof value !== 'object') return []
  if (Array.isArray(value.tool_calls)) {
    return value.tool_calls.flatMap((call) => [call?.function?.name, call?.name])
  }
  if (value.type === 'tool_use' || value.type === 'function_call') {
    if (typeof value.name === 'string') return [value.name]
  }
  if (value.functionCall && typeof value.functionCall === 'object') return [value.functionCall.name]
  if (value.toolCall && typeof value.toolCall === 'object') {
    const calls = value.toolCall.functionCalls
    return Array.isArray(calls) ? calls.map((call) => call?.name) : []
  }
  return Array.isArray(value) ? value.map(nameOf) : []
}
const names = () => {
  if (response.toolCalls.length > 0) return namesIn(response.toolCalls)
  let parsed
  try {
    parsed = JSON.parse(output)
  } catch {
    return /[{[]/.test(output) ? undefined : []
  }
  return typeof parsed === 'string' ? (/[{[]/.test(parsed) ? undefined : []) : namesIn(parsed)
}
const list = names()
if (list === undefined) return { grade: 'unknown', reason: 'calls may stand inside other text' }
const called = new Set(list.filter((name) => typeof name === 'string'))
const wanted = new Set(values)
const common = [...wanted].filter((name) => called.has(name)).length
const precision = called.size > 0 ? common / called.size : 0
const recall = common / wanted.size
const score = common > 0 ? (2 * precision * recall) / (precision + recall) : 0
return { pass: score >= threshold !== inverse, score, reason: `calls ${[...called].join(', ') || 'nothing'}` }
