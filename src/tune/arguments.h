/*-------------------------------------------------------------------------
 *
 * arguments.h
 *	  Checks of arguments that the functions of this folder share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ARGUMENTS_H
#define MM_ARGUMENTS_H

#include "fmgr.h"

/*
 * mm_integer_argument: an integer from least to most.
 * mm_choice_argument: the number of one of the words, which a NULL ends.
 * mm_text_argument: a text.
 *
 * They raise errors that name the argument: for NULL, and for other values.
 */
extern int	mm_integer_argument(FunctionCallInfo fcinfo, int arg, const char *name, int least, int most);
extern int	mm_choice_argument(FunctionCallInfo fcinfo, int arg, const char *name, const char *const *words);
extern char *mm_text_argument(FunctionCallInfo fcinfo, int arg, const char *name);

#endif							/* MM_ARGUMENTS_H */
