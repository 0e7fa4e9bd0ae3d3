/*-------------------------------------------------------------------------
 *
 * count.c
 *	  How many of a query's tokens each row of a run has.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "inverted/count.h"

void
mm_counter_init(MMCounter *counter, const MMInverted *inv, int ntokens)
{
	memset(counter, 0, sizeof(*counter));
	counter->inv = inv;
	counter->room = ntokens + 1;
	counter->lists = palloc0(sizeof(MMList) * counter->room);
	counter->counts = palloc0(sizeof(uint16) * MM_WINDOW_SIZE);
	/* count_chunk writes one more than there are. */
	counter->touched = palloc(sizeof(uint16) * (MM_WINDOW_SIZE + 1));
}

/*
 * Begin with a list, unless it is empty.
 */
static void
add_list(MMCounter *counter, const MMRun *run, uint32 token, int size_class)
{
	MMList	   *list = &counter->lists[counter->nlists];

	if (mm_list_open(list, counter->inv, run, token, size_class))
		counter->nlists++;
	else
		counter->pages += list->pages;
}

/*
 * A list has come to its end.  Another one takes its place; its memory is kept.
 */
static void
end_list(MMCounter *counter, int i)
{
	MMList		ended = counter->lists[i];

	counter->pages += ended.pages;
	counter->nlists--;
	counter->lists[i] = counter->lists[counter->nlists];
	counter->lists[counter->nlists] = ended;
}

void
mm_counter_begin(MMCounter *counter, const MMRun *run, int size_class,
				 const uint32 *tokens, int ntokens, bool all)
{
	counter->nlists = 0;
	Assert(ntokens < counter->room);
	for (int i = 0; i < ntokens; i++)
		add_list(counter, run, tokens[i], size_class);
	if (all)
		add_list(counter, run, MM_TOKEN_ALL, size_class);
}

/*
 * Count the chunk at hand of a list.
 */
static inline void
count_chunk(MMCounter *counter, const MMDecoder *chunk)
{
	uint16	   *counts = counter->counts;
	uint16	   *touched = counter->touched;
	int			ntouched = counter->ntouched;

	for (int i = 0; i < chunk->n; i++)
	{
		uint16		low = mm_decoded_low(chunk, i);

		touched[ntouched] = low;
		ntouched += counts[low]++ == 0;
	}
	counter->ntouched = ntouched;
	counter->postings += chunk->n;
}

bool
mm_counter_window(MMCounter *counter)
{
	uint32		window = MM_WINDOWS;

	counter->ntouched = 0;
	if (counter->nlists == 0)
		return false;
	for (int i = 0; i < counter->nlists; i++)
		window = Min(window, counter->lists[i].chunk.window);
	counter->window = window;
	for (int i = 0; i < counter->nlists;)
	{
		MMList	   *list = &counter->lists[i];
		bool		more = true;

		while (more && list->chunk.window == window)
		{
			count_chunk(counter, &list->chunk);
			more = mm_list_next(list);
		}
		if (more)
			i++;
		else
			end_list(counter, i);
	}
	return true;
}
