import { api, page, type MarkedNote, type Page } from './api';
import { marks } from './marks.svelte';

/** A page of the reading list: what is unread first, the newest marks first in either part. */
export async function unreadFirst(cursor: string | undefined): Promise<Page<MarkedNote>> {
  await marks.answered();
  const [part, inPart] = cursor ? (cursor.split(' ') as [string, string]) : ['unread', ''];
  const isRead = part === 'read';
  const query = { read: isRead, include: 'teams', ...(inPart && { cursor: inPart }) };
  const found = await page(api.GET('/api/readinglists', { params: { query } }));
  if (found.cursor) return { ...found, cursor: `${part} ${found.cursor}` };
  if (isRead) return found;
  if (found.items.length > 0) return { ...found, cursor: 'read ' };
  return unreadFirst('read ');
}
