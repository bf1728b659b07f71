import { TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useRef } from 'react';
import { useDraft } from './useDraft';

interface Props {
  value: string;
  onChange: (value: string) => void;
  label: string;
  placeholder: string;
}

/** A field that searches while one writes; the key / goes to it. */
export function SearchBox({ value, onChange, label, placeholder }: Props) {
  const [text, setText] = useDraft(value, onChange, 250);
  const field = useRef<HTMLInputElement>(null);
  useHotkeys([['/', () => field.current?.focus()]]);
  return (
    <TextInput ref={field} type="search" aria-label={label} placeholder={`${placeholder}  ( / )`} leftSection={<IconSearch size={16} />} w={{ base: '100%', xs: 320 }}
      value={text} onChange={(e) => setText(e.currentTarget.value)} />
  );
}
