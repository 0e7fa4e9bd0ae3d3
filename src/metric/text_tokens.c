/*-------------------------------------------------------------------------
 *
 * text_tokens.c
 *	  Tokens of strings: pairs of neighbouring characters.
 *
 * A mark is put before the first character and another after the last, so a
 * string of n characters has n + 1 pairs.  An edit changes the pairs that the
 * character is in, and these are at most two.  So strings at distance d share
 * at least as many pairs as the longer one has, less 2 d:
 *
 *	(max(length of q, length of o) + 1 - shared pairs) / 2 <= d(q, o)
 *
 * Besides, d is at least the difference of the lengths.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/random.h"
#include "metric/text_tokens.h"

/* The marks; no character has these codes. */
#define BEGIN_MARK	UINT32_C(0xFFFFFFFE)
#define END_MARK	UINT32_C(0xFFFFFFFF)

static inline uint32
code_at(const EditString *string, int i)
{
	return string->wide ? ((const uint32 *) string->codes)[i] :
		((const uint8 *) string->codes)[i];
}

static int
compare_tokens(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

static void
sort_tokens(uint32 *tokens, int n)
{
	if (n > 32)
	{
		qsort(tokens, n, sizeof(uint32), compare_tokens);
		return;
	}
	for (int i = 1; i < n; i++)
	{
		uint32		moved = tokens[i];
		int			j = i;

		for (; j > 0 && tokens[j - 1] > moved; j--)
			tokens[j] = tokens[j - 1];
		tokens[j] = moved;
	}
}

uint32 *
mm_text_tokens(const EditString *string, int *n)
{
	uint32	   *tokens = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(uint32) * ((Size) string->length + 1));
	uint32		before = BEGIN_MARK;
	uint32		repeated;
	int			times = 0;

	*n = string->length + 1;
	for (int i = 0; i < *n; i++)
	{
		uint32		code = i < string->length ? code_at(string, i) : END_MARK;

		tokens[i] = (uint32) mm_mix_bits((uint64) before << 32 | code);
		before = code;
	}

	/* The second time of a pair and further times have tokens of their own. */
	sort_tokens(tokens, *n);
	repeated = tokens[0];
	for (int i = 1; i < *n; i++)
	{
		if (tokens[i] != repeated)
		{
			repeated = tokens[i];
			times = 0;
		}
		else
			tokens[i] = (uint32) mm_mix_bits((uint64) ++times << 32 | repeated);
	}
	return tokens;
}

double
mm_text_token_bound(int query_length, int least_length, int greatest_length, int shared)
{
	int			length = Min(Max(query_length, least_length), greatest_length);
	int			unshared = Max(query_length, length) + 1 - Min(shared, query_length + 1);

	return Max(abs(query_length - length), (unshared + 1) / 2);
}
