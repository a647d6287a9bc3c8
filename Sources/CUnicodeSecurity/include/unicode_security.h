// What is needed of ICU's spoof checker (Unicode Technical Standard 39), without ICU's types: they stand a second time in
// what Foundation carries of ICU.
#include <stdint.h>

enum name_fault { name_is_sound = 0, name_mixes_scripts, name_hides_marks, name_mixes_digits, name_unchecked };

// What is wrong with a name of that many bytes of UTF-8.
enum name_fault check_name(const char *name, int32_t length);

// Writes what all names have in common that look like it (section 4, skeleton), and returns its length in bytes; -1 when
// there is no room.
int32_t name_skeleton(const char *name, int32_t length, char *skeleton, int32_t room);
