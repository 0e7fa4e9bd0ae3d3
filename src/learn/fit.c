/*-------------------------------------------------------------------------
 *
 * fit.c
 *	  Calls the module mmdb_learn, which is loaded at its first use.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "learn/learn.h"

/* OpenBLAS itself, and the Fortran library. */
#define LIBRARIES		((Size) 64 << 20)

StaticAssertDecl(MM_MAX_COLUMNS <= MM_FIT_MAX_COLUMNS, "mm_fit takes fewer columns than an index");

double
mm_fit_weights(const MMFitProblem *problem, int steps, double *w)
{
	static MMFitFunction fit = NULL;

	if (fit == NULL)
	{
		/*
		 * A build of OpenBLAS that has threads would start them when loaded, which
		 * a backend must not have.  It also takes a buffer for the only one left.
		 */
		setenv("OPENBLAS_NUM_THREADS", "1", 1);
		setenv("OMP_NUM_THREADS", "1", 1);
		mm_fit_require_memory(LIBRARIES + MM_FIT_BUFFER);
		fit = (MMFitFunction) load_external_function(MM_FIT_LIBRARY, MM_FIT_FUNCTION, true, NULL);
	}
	return fit(problem, steps, w);
}
