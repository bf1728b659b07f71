import { useDebouncedCallback } from '@mantine/hooks';
import { useState } from 'react';

/**
 * A text that is written in a field and goes elsewhere, such as into the URL, after a
 * rest of wait milliseconds. What changes it from outside shows in the field; what the
 * field itself sent does not disturb who still writes.
 */
export function useDraft(value: string, onChange: (value: string) => void, wait: number): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  const [sent, setSent] = useState(value);
  const send = useDebouncedCallback((next: string) => {
    setSent(next);
    onChange(next);
  }, wait);
  if (value !== seen) {
    setSeen(value);
    if (value !== sent) setText(value);
  }
  return [text, (next) => {
    setText(next);
    send(next.trim());
  }];
}
