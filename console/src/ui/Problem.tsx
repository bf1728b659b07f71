import { Alert, Button, Code, Group, List, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Problem } from '../api/http';

interface Props {
  error: unknown;
  /** What was tried: "The calls could not be loaded". */
  title: string;
  onRetry?: () => unknown;
}

/** A failure: what happened, why, and what to do. */
export function ProblemAlert({ error, title, onRetry }: Props) {
  const problem = error instanceof Problem ? error : undefined;
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={title} role="alert">
      <Text size="sm">
        {problem?.message ?? 'the page met something that it did not expect'}
        {problem && <> <Code>{problem.code}</Code></>}
      </Text>
      {problem?.fields.length ? (
        <List size="sm">{problem.fields.map((f) => <List.Item key={f.location}>{f.location}: {f.message}</List.Item>)}</List>
      ) : null}
      <Text size="sm">{problem?.hint ? `Try: ${problem.hint}` : 'Try: load the page again'}</Text>
      {onRetry && (
        <Group mt="xs"><Button size="xs" color="red" variant="outline" onClick={() => void onRetry()}>Try again</Button></Group>
      )}
    </Alert>
  );
}
