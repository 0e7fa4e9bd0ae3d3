/*-------------------------------------------------------------------------
 *
 * arguments.c
 *	  Checks of arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "query/query.h"
#include "tune/arguments.h"

int
mm_integer_argument(FunctionCallInfo fcinfo, int arg, const char *name, int least, int most)
{
	int			value;

	mm_require_argument(fcinfo, arg, name);
	value = PG_GETARG_INT32(arg);
	if (value < least || value > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from %d to %d, not %d", name, least, most, value)));
	return value;
}

int
mm_choice_argument(FunctionCallInfo fcinfo, int arg, const char *name, const char *const *words)
{
	char	   *value = mm_text_argument(fcinfo, arg, name);
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; words[i] != NULL; i++)
	{
		if (strcmp(value, words[i]) == 0)
			return i;
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", words[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for argument \"%s\": \"%s\"", name, value),
			 errhint("Available values: %s.", list.data)));
}

char *
mm_text_argument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	mm_require_argument(fcinfo, arg, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}
