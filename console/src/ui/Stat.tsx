import { Paper, Skeleton, Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  label: string;
  /** The figure; undefined while it is on its way. */
  value: ReactNode | undefined;
  note?: ReactNode;
}

/** One figure and what it says. */
export function Stat({ label, value, note }: Props) {
  return (
    <Paper p="md">
      <Text size="sm" c="dimmed">{label}</Text>
      <Text fz={{ base: 20, sm: 26 }} fw={650} lh={1.35} component="div" className="figure" style={{ letterSpacing: '-0.01em', overflowWrap: 'anywhere' }}>
        {value ?? <Skeleton height={26} my={4.5} width="60%" />}
      </Text>
      <Text size="xs" c="dimmed" component="div" mih={18}>{note}</Text>
    </Paper>
  );
}
