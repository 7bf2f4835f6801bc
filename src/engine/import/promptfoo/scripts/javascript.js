// The script of a promptfoo assertion, with the answer and the row, and nothing else of its context.
const failed = (reason) => ({ pass: false, score: 0, reason })
const score = (number) => Math.min(1, Math.max(0, number)) || 0
let result
try {
  result = new Function('output', 'context', 'process', code)(output, { vars })
} catch (error) {
  return failed(`the script threw: ${error?.message ?? error}`)
}
if (typeof result === 'boolean') return { pass: result !== inverse, reason: `the script returned ${result}` }
if (typeof result === 'number') {
  const pass = threshold === null ? result > 0 : result >= threshold
  return { pass: pass !== inverse, score: score(result), reason: `the script returned ${result}` }
}
const isVerdict = result !== null && typeof result === 'object' && typeof result.pass === 'boolean' &&
  typeof result.score === 'number' && typeof result.reason === 'string'
if (!isVerdict) return failed('the script returned neither a verdict, a number, `true` nor `false`')
return { pass: result.pass !== inverse, score: score(result.score), reason: result.reason }
