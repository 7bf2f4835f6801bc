// The F1 of words in common, each counted as often as it stands in both. Words are those of the Penn
// Treebank, in lower case, as js-rouge 3.2 cuts them.
const quoteOpens = (text, at, quote, inside) => {
  const before = text[at - 1] ?? ''
  if (quote === '``') return true
  if (at + quote.length >= text.length && at > 0 && !/[\s\p{Ps}<]/u.test(before)) return false
  if (inside || /[.!?]/.test(before)) return false
  if (!(at === 0 || /[\s\p{P}<]/u.test(before))) return false
  if (quote === '"') return true
  const after = text.slice(at + 2)
  return at > 0 && /^[\p{L}\p{N}\p{Sc}\p{Ps}]/u.test(after) && after.match(/``|''|"/)?.[0] === "''"
}
const words = (input) => {
  const text = input.replace(/[\s\u0085]+/g, ' ').trim()
  if (text === '') return []
  let inside = false
  let cut = text.replace(/``|''|"/g, (quote, at) => {
    inside = quoteOpens(text, at, quote, inside)
    return inside ? ' `` ' : " '' "
  })
  cut = cut.replace(/\.{3}/g, ' ... ').replace(/[:,](?!\p{Nd})/gu, ' $& ').replace(/[;@#$%&]/g, ' $& ')
  cut = cut.replace(/([^.])(?<!\b[A-Za-z]\.[A-Za-z])(\.)([\])}>'\s]*)$/g, '$1 $2$3 ')
  cut = cut.replace(/[?!]/g, ' $& ').replace(/[\][(){}<>]/g, ' $& ').replace(/--/g, ' -- ')
  cut = ` ${cut} `.replace(/([^'])' /g, "$1 ' ").replace(/'([sSmMdD]) /g, " '$1 ")
  cut = cut.replace(/('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) /g, ' $1 ')
  const inWord = '[\\p{ID_Continue}\\u200c\\u200d]'
  const joined = ['(can)(not)', "(d)('ye)", '(gim)(me)', '(gon)(na)', '(got)(ta)', '(lem)(me)', "(more)('n)",
    '(wan)(na)(?= )', "('t)(is)", "('t)(was)"]
  for (const pair of joined) {
    cut = cut.replace(new RegExp(`(?<!${inWord})${pair}(?!${inWord})`, 'giu'), ' $1 $2 ')
  }
  return cut.replace(/ {2,}/g, ' ').replace(/^ | $/g, '').split(' ')
}
const counts = (list) => list.reduce((map, word) => map.set(word, (map.get(word) ?? 0) + 1), new Map())
const found = words(output.toLowerCase())
const wanted = words(value.toLowerCase())
const wantedCounts = counts(wanted)
let common = 0
for (const [word, count] of counts(found)) common += Math.min(count, wantedCounts.get(word) ?? 0)
const precision = common / found.length
const recall = common / wanted.length
const [less, more] = precision < recall ? [precision, recall] : [recall, precision]
// Rounded in the same steps as there, so that thresholds are met by the same answers.
const score = common === 0 ? 0 : less === more ? less : Math.min(more, less * (2 / (1 + less / more)))
return { pass: score >= threshold, score, reason: `ROUGE-1 is ${score.toFixed(3)}, at least ${threshold} is asked for` }
