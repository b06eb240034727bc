import { OPENAI_QUIRKS, type Provider } from './provider.ts'
import { noSizes, readList } from './read-list.ts'

/** The last dated version of the API that is no preview; newer resources need none under `/openai/v1`. */
const API_VERSION = '2024-10-21'

/**
 * Azure OpenAI. The key has a header of its own, and a model is a deployment that the operator named. Its list tells
 * what could be deployed, not what is, so it is not asked: deployments are named by model rules or a price file. Under
 * `…/openai/v1` the model stands in the body; under the older `…/openai` the deployment stands in the path.
 */
export const azure: Provider = {
  name: 'azure',
  quirks: OPENAI_QUIRKS,
  headers: (key) => (key === undefined ? {} : { 'api-key': key }),
  callPath: ({ path, model, basePath }) =>
    basePath.endsWith('/openai') && model !== undefined
      ? `/deployments/${encodeURIComponent(model)}${path}?api-version=${API_VERSION}`
      : path,
  modelsPath: undefined,
  readModels: (json) => readList(json, noSizes),
}
