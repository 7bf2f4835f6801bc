// BLEU of up to four words, cut at white space, in lower case. A length that never matches counts as
// 0.0000001; lengths that the answer is too short for are left out.
const words = (text) => text.toLowerCase().trim().split(/\s+/)
const runs = (list, length) => {
  const counts = new Map()
  for (let at = 0; at + length <= list.length; at++) {
    const run = list.slice(at, at + length).join(' ')
    counts.set(run, (counts.get(run) ?? 0) + 1)
  }
  return counts
}
const bleu = () => {
  if (output.trim() === '') return 0
  const found = words(output)
  const references = values.map(words)
  const distance = (length) => Math.abs(length - found.length)
  const nearest = references.map((list) => list.length).reduce((best, length) =>
    distance(length) < distance(best) || (distance(length) === distance(best) && length < best) ? length : best)
  const precisions = []
  for (let length = 1; length <= Math.min(4, found.length); length++) {
    const own = [...runs(found, length)]
    const matches = references.map((list) => {
      const theirs = runs(list, length)
      return own.reduce((sum, [run, count]) => sum + Math.min(count, theirs.get(run) ?? 0), 0)
    })
    precisions.push(Math.max(0, ...matches) / (found.length - length + 1))
  }
  const share = precisions.reduce((sum) => sum + 0.25, 0)
  const logs = precisions.reduce((sum, precision) => sum + (0.25 / share) * Math.log(precision || 1e-7), 0)
  const brevity = found.length > nearest ? 1 : Math.exp(1 - nearest / found.length)
  return brevity * Math.exp(logs)
}
const score = bleu()
return { pass: score >= threshold, score: Math.min(1, score), reason: `BLEU is ${score.toFixed(4)}, at least ${threshold} is asked for` }
