import { Box, Code } from '@mantine/core';
import { CopyIcon } from './Copy';

/** A piece of code or text to read and to copy. */
export function Snippet({ text, label, height }: { text: string; label: string; height?: number }) {
  return (
    <Box pos="relative">
      <Code block tabIndex={0} role="region" aria-label={label} mah={height} style={{ overflow: 'auto', whiteSpace: 'pre', fontSize: 13, lineHeight: 1.55 }} pr={44}>
        {text}
      </Code>
      <Box pos="absolute" top={8} right={10}><CopyIcon value={text} label="Copy" /></Box>
    </Box>
  );
}
