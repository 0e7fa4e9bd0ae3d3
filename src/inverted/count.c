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

static int
compare_lists(const void *a, const void *b)
{
	int64		x = ((const MMList *) a)->length;
	int64		y = ((const MMList *) b)->length;

	return x < y ? 1 : x > y ? -1 : 0;
}

void
mm_counter_begin(MMCounter *counter, const MMRun *run, int size_class,
				 const uint32 *tokens, int ntokens, int least)
{
	counter->nlists = 0;
	Assert(ntokens < counter->room);
	for (int i = 0; i < ntokens; i++)
		add_list(counter, run, tokens[i], size_class);
	if (least == 0)
		add_list(counter, run, MM_TOKEN_ALL, size_class);
	counter->nsilent = Min(Max(least - 1, 0), counter->nlists);
	if (counter->nsilent > 0)
		qsort(counter->lists, counter->nlists, sizeof(MMList), compare_lists);
}

/*
 * List i has come to its end.  Another one takes its place; its memory is kept.
 */
static void
end_list(MMCounter *counter, int i)
{
	MMList		ended = counter->lists[i];

	counter->pages += ended.pages;
	if (i < counter->nsilent)
	{
		counter->nsilent--;
		counter->lists[i] = counter->lists[counter->nsilent];
		i = counter->nsilent;
	}
	counter->nlists--;
	counter->lists[i] = counter->lists[counter->nlists];
	counter->lists[counter->nlists] = ended;
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

/*
 * The same for a silent list.
 */
static inline void
count_silently(MMCounter *counter, const MMDecoder *chunk)
{
	uint16	   *counts = counter->counts;

	for (int i = 0; i < chunk->n; i++)
	{
		uint16		low = mm_decoded_low(chunk, i);

		counts[low] += counts[low] != 0;
	}
	counter->postings += chunk->n;
}

/*
 * Count what a silent list has in the window.  Returns false at its end.
 */
static bool
count_silent_list(MMCounter *counter, MMList *list)
{
	bool		more = true;

	while (more && list->chunk.window <= counter->window)
	{
		if (list->chunk.window == counter->window)
			count_silently(counter, &list->chunk);
		more = mm_list_next(list);
	}
	return more;
}

static bool
count_list(MMCounter *counter, MMList *list)
{
	bool		more = true;

	while (more && list->chunk.window == counter->window)
	{
		count_chunk(counter, &list->chunk);
		more = mm_list_next(list);
	}
	return more;
}

bool
mm_counter_window(MMCounter *counter)
{
	counter->ntouched = 0;
	if (counter->nlists == counter->nsilent)
		return false;
	counter->window = MM_WINDOWS;
	for (int i = counter->nsilent; i < counter->nlists; i++)
		counter->window = Min(counter->window, counter->lists[i].chunk.window);
	for (int i = counter->nsilent; i < counter->nlists;)
		if (count_list(counter, &counter->lists[i]))
			i++;
		else
			end_list(counter, i);
	for (int i = 0; i < counter->nsilent;)
		if (count_silent_list(counter, &counter->lists[i]))
			i++;
		else
			end_list(counter, i);
	return true;
}
