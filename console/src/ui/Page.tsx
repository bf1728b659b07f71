import { Box, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** Shown in the place of the title, where it is more than a text. */
  heading?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of a page: its title, what it is for, what can be done. */
export function Page({ title, heading, description, actions, children }: Props) {
  useDocumentTitle(`${title} · Steward`);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box miw={0}>
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>{heading ?? title}</Title>
          {description && <Text c="dimmed" size="sm" mt={2} component="div">{description}</Text>}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** The place of a table that is on its way: as high as its rows will be. */
export function TableSkeleton({ rows = 8 }: { rows?: number }) {
  return (
    <Stack gap={10} p="sm" aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => <Skeleton key={i} height={26} radius="sm" />)}
    </Stack>
  );
}
