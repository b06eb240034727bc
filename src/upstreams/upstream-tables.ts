type Int = bigint | number

/** Rows of upstreams, of their model lists and of the operator's rules. Integers come back as bigint. */
export interface UpstreamTables {
  upstream: {
    id: string
    type: string
    url: string
    sealed_key: string | null
    prices: string
    margin_bp: Int | null
    origin: string
    is_enabled: Int
    place: Int
    created_at: Int
    updated_at: Int
  }
  model_list: { upstream_id: string; models_json: string; at: Int }
  model_rule: {
    upstream_id: string
    model: string
    is_enabled: Int
    alias: string | null
    prices_json: string | null
    margin_bp: Int | null
    at: Int
  }
}
