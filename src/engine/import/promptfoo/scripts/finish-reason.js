// Passes where the model stopped for this reason. The words of different providers for one reason are
// the same.
const same = {
  function_call: 'tool_calls', end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length',
  model_context_window_exceeded: 'length', tool_use: 'tool_calls', refusal: 'content_filter',
}
const given = (response.finishReason ?? '').trim().toLowerCase()
const reason = Object.hasOwn(same, given) ? same[given] : given
return { pass: reason !== '' && reason === value.toLowerCase(), reason: `stopped for \`${reason}\`` }
