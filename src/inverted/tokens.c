/*-------------------------------------------------------------------------
 *
 * tokens.c
 *	  The tokens of values, as an inverted index keeps them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "inverted/layout.h"

static int
compare_tokens(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

void
mm_inverted_tokens(const MMInverted *inv, Datum value, bool isnull, MMTokens *tokens)
{
	const MetricSpace *space = &inv->column->space;

	*tokens = (MMTokens) {.size_class = MM_CLASS_NULL};
	if (isnull)
		return;
	tokens->tokens = space->routine->tokens(value, space->collation, &tokens->size, &tokens->n);
	if (tokens->size < 0 || tokens->n < 0 || tokens->n > (int64) tokens->size + 1)
		elog(ERROR, "a value of size %d has %d tokens", tokens->size, tokens->n);
	tokens->size_class = mm_size_class(tokens->size);
	if (!mm_class_is_counted(tokens->size_class))
		tokens->n = 0;
	for (int i = 0; i < tokens->n; i++)
		if (tokens->tokens[i] == MM_TOKEN_ALL)
			tokens->tokens[i] = MM_TOKEN_ALL + 1;
	qsort(tokens->tokens, tokens->n, sizeof(uint32), compare_tokens);
}
