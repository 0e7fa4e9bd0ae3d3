/*-------------------------------------------------------------------------
 *
 * profile.h
 *	  Reading weights that were saved under a name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PROFILE_H
#define MM_PROFILE_H

#include "utils/array.h"

/*
 * mm_profile_read: the columns (text[]) and weights (double precision[]) of a
 * profile, in the current context.  If there is no such profile, or if the current
 * user may not read profiles, reports that with this level, and returns false.
 */
extern bool mm_profile_read(const char *profile, ArrayType **columns, ArrayType **weights,
							int elevel);

/*
 * mm_profile_get: the weights of a saved profile, in the order of these n
 * columns.  If mm_profile_read returns false, or if the profile is about other
 * columns, reports that with this level, and returns NULL.
 */
extern double *mm_profile_get(const char *profile, int n, const char **columns, int elevel);

#endif							/* MM_PROFILE_H */
