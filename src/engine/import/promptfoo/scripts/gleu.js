// GLEU: the lesser of precision and recall over all runs of one to four words; of several references
// the nearest counts. Words are cut at white space, in lower case, without full stops at their ends.
const words = (text) => {
  const list = text.toLowerCase().trim().split(/\s+/).map((word) => word.replace(/\.+$/, ''))
  return list.some(Boolean) ? list : []
}
const runs = (list) => {
  const counts = new Map()
  let total = 0
  for (let length = 1; length <= 4; length++) {
    for (let at = 0; at + length <= list.length; at++, total++) {
      const run = `${length} ${list.slice(at, at + length).join(' ')}`
      counts.set(run, (counts.get(run) ?? 0) + 1)
    }
  }
  return { counts, total }
}
const found = words(output)
const own = runs(found)
const scores = values.map((value) => {
  const wanted = words(value)
  if (found.length === 0 || wanted.length === 0) return 0
  if (found.length === wanted.length && found.every((word, at) => word === wanted[at])) return 1
  const theirs = runs(wanted)
  let common = 0
  for (const [run, count] of own.counts) common += Math.min(count, theirs.counts.get(run) ?? 0)
  return Math.min(common / own.total, common / theirs.total)
})
const score = Math.max(...scores)
return { pass: score >= threshold, score, reason: `GLEU is ${score.toFixed(4)}, at least ${threshold} is asked for` }
