/** What an error means, and what to do about it. */
export interface Explanation {
  meaning: string;
  next: string;
}

const codes: Record<string, Explanation> = {
  model_not_found: { meaning: 'No provider here lists the model that was asked for.', next: 'See the models page for what can be called, and write provider/model.' },
  model_ambiguous: { meaning: 'More than one provider lists a model of this name.', next: 'Write provider/model.' },
  model_missing: { meaning: 'The request names no model.', next: 'Set the field model.' },
  model_not_allowed: { meaning: 'The key may not call this model.', next: 'Use another key, or make one whose list of models has it.' },
  model_unpriced: { meaning: 'The model has no price, and the configuration refuses calls of unknown cost.', next: 'Set a price with steward price set, or allow unpriced calls in the configuration.' },
  invalid_api_key: { meaning: 'The key is none that was made here.', next: 'Make one on the keys page and use it in the application.' },
  expired_api_key: { meaning: 'The key has expired.', next: 'Make a new one, or rotate it in time.' },
  revoked_api_key: { meaning: 'The key was revoked.', next: 'Make a new one on the keys page.' },
  budget_exceeded: { meaning: 'The most that the call could cost is over what its budget has left.', next: 'Raise the budget, or wait for its next period.' },
  rate_limited: { meaning: 'The key, or what it belongs to, is over its limit.', next: 'Wait as long as retry-after says, or raise the limit.' },
  rate_limit_exceeded: { meaning: 'The provider says that this account sends too much.', next: 'Wait as long as retry-after says, spread the load, or ask the provider for a higher limit.' },
  insufficient_quota: { meaning: 'The account at the provider is out of credit or quota.', next: 'Top it up at the provider; to try again does not help.' },
  context_length_exceeded: { meaning: 'The prompt is longer than the model\'s window.', next: 'Send less, or use a model with a larger context: the models page has the sizes.' },
  content_filter: { meaning: 'The provider\'s own filter stepped in.', next: 'Change the request; Steward did not filter it.' },
  content_filtered: { meaning: 'The provider\'s own filter stepped in.', next: 'Change the request; Steward did not filter it.' },
  upstream_reset: { meaning: 'The connection to the provider broke before the answer was whole.', next: 'Try again; what came was paid for.' },
  provider_timeout: { meaning: 'The provider itself ran out of time.', next: 'Try again, with less to do.' },
  provider_rate_limit: { meaning: 'The provider says that this account sends too much.', next: 'Wait, spread the load, or ask the provider for a higher limit.' },
  provider_billing: { meaning: 'The account at the provider is out of credit.', next: 'Top it up at the provider; to try again does not help.' },
  provider_auth: { meaning: 'The provider refused the key that Steward sent.', next: 'Check the provider\'s key in the configuration; test it on the providers page.' },
  provider_credentials: { meaning: 'Steward has no usable credentials for the provider.', next: 'Check the reference to its key in the configuration.' },
  provider_overloaded: { meaning: 'The provider had no capacity.', next: 'Try again later, or give the model a second provider.' },
  stream_truncated: { meaning: 'The stream ended in the middle. The caller was told so and did not take it for a whole answer.', next: 'Try again; what came was paid for.' },
  upstream_unreachable: { meaning: 'No connection to the provider came about.', next: 'Check its base URL and the network; test it on the providers page.' },
  upstream_timeout: { meaning: 'The provider took longer than its timeouts allow.', next: 'Try again, or raise timeouts for this provider in the configuration.' },
  disk_full: { meaning: 'The disk has too little space to record calls, so new ones are refused.', next: 'Free space in the data directory: nothing was lost.' },
  journal_unavailable: { meaning: 'The journal cannot be written, so new calls are refused.', next: 'See Steward\'s log, and the health of the disk.' },
  client_closed: { meaning: 'The caller hung up before the answer was whole.', next: 'Nothing, if that was meant. Else look at the timeout of the application.' },
};

const kinds: Record<string, Explanation> = {
  invalid: { meaning: 'The request is not one that the provider could be sent.', next: 'Read the message in the response and correct the request.' },
  unauthenticated: { meaning: 'The caller did not show a key that is known here.', next: 'Send a key from the keys page.' },
  denied: { meaning: 'The caller is known, but not allowed to do this.', next: 'Use a key that may.' },
  not_found: { meaning: 'What was asked for does not exist.', next: 'Check the model and the path.' },
  too_large: { meaning: 'The request is larger than the configuration allows.', next: 'Send less, or raise limits in the configuration.' },
  exhausted: { meaning: 'A limit or a budget is used up.', next: 'Wait, or raise it.' },
  unavailable: { meaning: 'Steward itself was not ready.', next: 'See the home page for what is wrong.' },
  upstream: { meaning: 'The provider failed, or its answer was broken.', next: 'Try again; if it lasts, look at the provider\'s status page.' },
  timeout: { meaning: 'The provider took too long.', next: 'Try again, or raise its timeouts.' },
  cancelled: { meaning: 'The caller left before the answer was whole.', next: 'Nothing, if that was meant.' },
  refused: { meaning: 'The provider refused the request as it is.', next: 'Read the message in the response: it is the provider\'s own.' },
  internal: { meaning: 'Steward itself made a mistake.', next: 'See its log, and report it with the id of this call.' },
};

/** Explains a call that did not end well; undefined for one that did. */
export function explain(call: { outcome: string; error: string; error_kind?: string }): Explanation | undefined {
  if (call.outcome === 'interrupted') {
    return { meaning: 'Steward stopped while the call ran. It was settled at the next start, at what was metered or else at its hold.', next: 'The caller can try again.' };
  }
  if (call.outcome === 'ok' && call.error === '') return undefined;
  return codes[call.error] ?? kinds[call.error_kind ?? ''] ?? (call.outcome === 'cancelled' ? kinds.cancelled : kinds.upstream);
}
