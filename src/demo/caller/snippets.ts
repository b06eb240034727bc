interface Live {
  readonly baseUrl: string
  readonly model: string
  /** Ecash that nobody has used yet. */
  readonly ecash: string
}

/** Ready to paste: the same call by curl and by the official SDKs, with the ecash in the place of the key. */
export function snippets({ baseUrl, model, ecash }: Live): { title: string; code: string }[] {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] })
  return [
    {
      title: 'curl',
      code: `curl -s ${baseUrl}/v1/chat/completions -H "Authorization: Bearer ${ecash}" -H "Content-Type: application/json" -d '${body}'`,
    },
    {
      title: 'Python (pip install openai)',
      code: `from openai import OpenAI
client = OpenAI(base_url="${baseUrl}/v1", api_key="${ecash}")
reply = client.chat.completions.create(model="${model}", messages=[{"role": "user", "content": "Hello!"}])
print(reply.choices[0].message.content, reply.usage)`,
    },
    {
      title: 'JavaScript (npm install openai; save as hello.mjs)',
      code: `import OpenAI from 'openai'
const client = new OpenAI({ baseURL: '${baseUrl}/v1', apiKey: '${ecash}' })
const reply = await client.chat.completions.create({ model: '${model}', messages: [{ role: 'user', content: 'Hello!' }] })
console.log(reply.choices[0].message.content, reply.usage)`,
    },
  ]
}
