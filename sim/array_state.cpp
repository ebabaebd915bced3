#include "array_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <new>
#include <sstream>
#include <vector>

#include "array/ohm_dpi.h"

namespace ohm {

namespace {

constexpr uint64_t DefaultSeed = 1;
constexpr size_t Mark = 8;  // bytes of a state; written last, so that a file whose making was cut short is seen
constexpr int LockTries = 100;
constexpr useconds_t LockWaitUs = 20000;

[[noreturn]] void fail(const std::string& path, const char* advice) {
    throw DataError(path + ": " + std::strerror(errno) + advice);
}

void lock(int fd, const std::string& path) {
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; ++i) {
        if (errno != EWOULDBLOCK) fail(path, ", so nothing can lock it");
        if (i == LockTries)
            throw DataError(path + ": another process uses this array; wait until it has ended, or name another file");
        usleep(LockWaitUs);
    }
}

void write_all(int fd, const std::string& path, const char* bytes, size_t from, size_t to) {
    while (from < to) {
        const ssize_t count = pwrite(fd, bytes + from, to - from, static_cast<off_t>(from));
        if (count < 0 && errno != EINTR) fail(path, "; make room, or name another file for the array");
        if (count > 0) from += static_cast<size_t>(count);
    }
}

// The process's array so far becomes the content of a file that is absent, empty or was never finished.
void finish(int fd, const std::string& path) {
    char mark[Mark] = {};
    if (pread(fd, mark, Mark, 0) < 0) fail(path, "; name another file for the array");
    struct stat status;
    std::vector<char> bytes(ohm_array_size());
    if (std::string(mark, Mark) != std::string(Mark, '\0') || fstat(fd, &status) != 0 ||
        static_cast<size_t>(status.st_size) > bytes.size())
        return;
    ohm_array_save(ohm_dpi_array(), bytes.data());
    write_all(fd, path, bytes.data(), Mark, bytes.size());
    write_all(fd, path, bytes.data(), 0, Mark);
}

void require(const ohm_array_t* array, const ArrayOptions& options) {
    const char* const advice =
        "; an array keeps its seed and parameters for life: leave them out, or name another file for a new array";
    if (options.seed && *options.seed != ohm_array_seed(array))
        throw DataError(options.state + ": this array has seed " + std::to_string(ohm_array_seed(array)) + ", not " +
                        std::to_string(*options.seed) + advice);
    ohm_params_t given = *ohm_array_params(array);
    if (!options.params.empty()) ohm_params_read(&given, options.params.c_str());
    for (int i = 0; i < ohm_params_count(); ++i)
        if (ohm_params_get(&given, i) != ohm_params_get(ohm_array_params(array), i))
            throw DataError(options.state + ": this array has another " + ohm_params_name(i) + " than " +
                            options.params + advice);
}

void attach(const ArrayOptions& options) {
    const std::string& path = options.state;
    // The descriptor stays open, and with it the lock, until the process ends.
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) fail(path, "; the array is kept there: name a file that you may write");
    lock(fd, path);
    finish(fd, path);
    struct stat status;
    if (fstat(fd, &status) != 0) fail(path, "; name another file for the array");
    const size_t size = static_cast<size_t>(status.st_size);
    void* bytes = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) fail(path, "; name another file for the array");
    switch (ohm_array_check(bytes, size)) {
        case 0: break;
        case -1: throw DataError(path + ": not the state of an array; name another file");
        case -2:
            throw DataError(path + ": the state of an array of another version of ohmbench, or of another kind of "
                            "machine; use the version that made it, or name another file");
        default: throw DataError(path + ": damaged; remove it, and program the new array that will be made");
    }
    ohm_array_t* array = ohm_array_attach(bytes);
    if (array == nullptr) throw std::bad_alloc();
    require(array, options);
    ohm_dpi_use(array);
}

void inject(const std::string& path) {
    std::ifstream file(path);
    if (!file) fail(path, "; it should hold the faults of the array, a line each");
    std::string text;
    for (int number = 1; std::getline(file, text); ++number) {
        std::istringstream line(text);
        int row, column, kind;
        std::string rest;
        if (text.empty() || text[0] == '#') continue;
        if (!(line >> row >> column >> kind) || line >> rest || row < 0 || row >= OHM_ROWS || column < 0 ||
            column >= OHM_COLUMNS || ohm_array_set_kind(ohm_dpi_array(), row, column, kind) != 0)
            throw DataError(path + ":" + std::to_string(number) +
                            ": expected \"row column kind\", rows and columns from 0 to 31, kinds from 0 to 4");
    }
}

}  // namespace

void open_array(const ArrayOptions& options) {
    const char* params = options.params.empty() ? nullptr : options.params.c_str();
    if (ohm_dpi_open(params, options.seed.value_or(DefaultSeed)) != 0)
        throw DataError(options.params + ": no good parameters of the array model");
    if (!options.state.empty()) attach(options);
    if (!options.faults.empty()) inject(options.faults);
    if (!options.carrier.empty() && ohm_board_read(ohm_dpi_board(), options.carrier.c_str()) != 0)
        throw DataError(options.carrier + ": no good values of the carrier model");
    if (ohm_array_rest(ohm_dpi_array(), options.rest_s) != 0)
        throw DataError("the array cannot rest for so long; give a time from 0 to 1e10 s");
}

}  // namespace ohm
