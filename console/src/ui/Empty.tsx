import { EmptyState } from '@mantine/core';
import { IconInbox } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** What to do next. */
  children: ReactNode;
  icon?: ReactNode;
}

/** The place of a list that holds nothing, and what to do about it. */
export function Empty({ title, children, icon = <IconInbox stroke={1.5} /> }: Props) {
  return (
    <EmptyState py="xl" px="md" variant="light" size="md" icon={icon}>
      <EmptyState.Title>{title}</EmptyState.Title>
      <EmptyState.Description>{children}</EmptyState.Description>
    </EmptyState>
  );
}
