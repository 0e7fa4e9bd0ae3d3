/*-------------------------------------------------------------------------
 *
 * text_tokens.h
 *	  Tokens of strings under edit distance; see text_tokens.c.  The functions
 *	  are parts of a MetricRoutine, for strings of character codes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TEXT_TOKENS_H
#define MM_TEXT_TOKENS_H

#include "metric/edit.h"

/*
 * mm_text_tokens: the tokens of a string, in the current context.  *n becomes
 * their number.
 *
 * mm_text_token_bound: a lower bound of the edit distance of a string of one
 * length to strings of other lengths that share at most so many tokens with
 * it.
 */
extern uint32 *mm_text_tokens(const EditString *string, int *n);
extern double mm_text_token_bound(int query_length, int least_length, int greatest_length,
								  int shared);

#endif							/* MM_TEXT_TOKENS_H */
