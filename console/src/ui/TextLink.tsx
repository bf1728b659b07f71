import { Anchor, Menu, type AnchorProps, type MenuItemProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef } from 'react';

type TextProps = AnchorProps & Omit<ComponentPropsWithRef<'a'>, keyof AnchorProps>;

/** A link to a page of the console; its address is checked when it is compiled. */
export const TextLink = createLink(function TextLink(props: TextProps) {
  return <Anchor size="sm" {...props} />;
});

type ItemProps = MenuItemProps & Omit<ComponentPropsWithRef<'a'>, keyof MenuItemProps>;

/** A link within a menu. */
export const MenuLink = createLink(function MenuLink(props: ItemProps) {
  return <Menu.Item component="a" {...props} />;
});
