import { Anchor, Button, Center, Code, Divider, Group, Image, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { ask } from '../api/http';
import { ProblemAlert } from '../ui/Problem';
import { sessionQuery } from './visit';

/** Asks for the admin token. Shown at whatever address the reader wanted, which comes up afterwards. */
export function SignIn({ failed }: { failed?: Error | undefined }) {
  useDocumentTitle('Sign in · Steward');
  const [token, setToken] = useState('');
  const queries = useQueryClient();
  const signIn = useMutation({
    mutationFn: () => ask('post', '/api/session', { body: { token: token.trim() } }),
    onSuccess: (session) => queries.setQueryData(sessionQuery.queryKey, session),
  });
  const error = signIn.error ?? failed;
  const submit = (e: SubmitEvent) => {
    e.preventDefault();
    if (token.trim() !== '') signIn.mutate();
  };
  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper p="xl" w={440} maw="100%" shadow="sm">
        <form onSubmit={submit}>
          <Stack>
            <Group gap="sm"><Image src="/icon.svg" alt="" w={32} h={32} /><Title order={1}>Sign in to Steward</Title></Group>
            {error && <ProblemAlert title="You are not signed in" error={error} />}
            <PasswordInput label="Admin token" description="The content of admin-token in the data directory" value={token}
              onChange={(e) => setToken(e.currentTarget.value)} autoFocus autoComplete="current-password" data-autofocus />
            <Button type="submit" loading={signIn.isPending} disabled={token.trim() === ''} fullWidth>Sign in</Button>
            <Divider />
            <Text size="sm" c="dimmed">
              On the machine that runs Steward, the token is printed by <Code>cat steward-data/admin-token</Code>. A new start of{' '}
              <Code>steward up</Code> prints a link that signs you in once. More on{' '}
              <Anchor href="/api/openapi.json" size="sm">the admin API</Anchor>.
            </Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
