/** The SDKs that the console shows how to point here. */
export const sdks = { curl: 'curl', openai: 'OpenAI', anthropic: 'Anthropic', gemini: 'Gemini', vercel: 'Vercel AI' } as const;

/** The name of an SDK, as the URL has it. */
export type Sdk = keyof typeof sdks;

/** Reads an SDK out of a URL. */
export function sdkOf(text: string | undefined): Sdk {
  return text !== undefined && text in sdks ? (text as Sdk) : 'curl';
}

/** Stands where the key goes until there is one. */
export const placeholder = 'YOUR_STEWARD_KEY';

/** Writes the shortest program that makes one call through the gateway at base. */
export function snippet(sdk: Sdk, base: string, key: string, model: string): string {
  switch (sdk) {
    case 'curl':
      return `curl ${base}/v1/chat/completions \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'`;
    case 'openai':
      return `# pip install openai
from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key="${key}")
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`;
    case 'anthropic':
      return `# pip install anthropic
from anthropic import Anthropic

client = Anthropic(base_url="${base}", api_key="${key}")
answer = client.messages.create(
    model="${model}",
    max_tokens=200,
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.content[0].text)`;
    case 'gemini':
      return `# pip install google-genai
from google import genai

client = genai.Client(api_key="${key}", http_options={"base_url": "${base}"})
answer = client.models.generate_content(model="${model}", contents="Hello")
print(answer.text)`;
    case 'vercel':
      return `// npm install ai @ai-sdk/openai
import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';

const steward = createOpenAI({ baseURL: '${base}/v1', apiKey: '${key}' });
const { text } = await generateText({
  model: steward.chat('${model}'),
  prompt: 'Hello',
});
console.log(text);`;
  }
}
