// Passes where at most `threshold` UTF-16 units must be put in, left out or changed.
const within = (one, two, most) => {
  if (Math.abs(one.length - two.length) > most) return false
  // Cells further than `most` from the diagonal cost more than that in any case.
  let row = Array.from({ length: two.length + 1 }, (_, column) => column)
  for (let line = 1; line <= one.length; line++) {
    const next = new Array(two.length + 1).fill(Infinity)
    if (line <= most) next[0] = line
    const last = Math.min(two.length, Math.floor(line + most))
    for (let column = Math.max(1, Math.ceil(line - most)); column <= last; column++) {
      const change = one[line - 1] === two[column - 1] ? 0 : 1
      next[column] = Math.min(row[column - 1] + change, row[column] + 1, next[column - 1] + 1)
    }
    row = next
  }
  return row[two.length] <= most
}
return within(output, value, threshold)
