type StatusClass = 'ok' | 'callers' | 'rate_limited' | 'fault'

/**
 * Whose matter an upstream's status is (DESIGN §6). `callers`: the request is at fault, its message may go down.
 * `fault`: the upstream's or the operator's; 401, 402 and 403 are here because they are about the operator's key.
 */
export function classifyStatus(status: number): StatusClass {
  if (status >= 200 && status < 300) return 'ok'
  if (status === 429) return 'rate_limited'
  return status === 400 || status === 404 || status === 413 || status === 422 ? 'callers' : 'fault'
}
