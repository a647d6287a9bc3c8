#include "unicode_security.h"
#include <unicode/uspoof.h>

enum name_fault check_name(const char *name, int32_t length) {
    UErrorCode status = U_ZERO_ERROR;
    USpoofChecker *checker = uspoof_open(&status);
    if (U_FAILURE(status)) return name_unchecked;
    uspoof_setRestrictionLevel(checker, USPOOF_HIGHLY_RESTRICTIVE);
    uspoof_setChecks(checker, USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS, &status);
    int32_t faults = uspoof_check2UTF8(checker, name, length, NULL, &status);
    uspoof_close(checker);
    if (U_FAILURE(status)) return name_unchecked;
    if (faults & USPOOF_RESTRICTION_LEVEL) return name_mixes_scripts;
    if (faults & USPOOF_INVISIBLE) return name_hides_marks;
    return faults & USPOOF_MIXED_NUMBERS ? name_mixes_digits : name_is_sound;
}

int32_t name_skeleton(const char *name, int32_t length, char *skeleton, int32_t room) {
    UErrorCode status = U_ZERO_ERROR;
    USpoofChecker *checker = uspoof_open(&status);
    if (U_FAILURE(status)) return -1;
    int32_t used = uspoof_getSkeletonUTF8(checker, 0, name, length, skeleton, room, &status);
    uspoof_close(checker);
    return U_FAILURE(status) ? -1 : used;
}
