/* An OpenCL platform for OpenVINO's GPU plugin on a machine without a GPU.
 *
 * It passes Intel's OpenCL runtime for CPUs through and changes what the plugin must see otherwise. OpenCL objects
 * begin with a pointer to the table of functions that the ICD loader calls, so it is enough to replace entries of that
 * table.
 *
 * Environment: OVEXT_SIM_RUNTIME is the path of libintelocl.so; OVEXT_SIM_PROGRAMS, if set, a folder that receives the
 * source of every program; OVEXT_SIM_CACHE, if set, a folder that keeps what programs were compiled to. Why a program
 * does not build is written to stderr, which the plugin keeps to itself.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Positions in the table, fixed by the extension cl_khr_icd. */
enum {
    GET_PLATFORM_INFO = 1,
    GET_DEVICE_IDS = 2,
    GET_DEVICE_INFO = 3,
    CREATE_PROGRAM_WITH_SOURCE = 26,
    CREATE_PROGRAM_WITH_BINARY = 27,
    RELEASE_PROGRAM = 29,
    BUILD_PROGRAM = 30,
    GET_PROGRAM_INFO = 32,
    GET_PROGRAM_BUILD_INFO = 33,
    CREATE_KERNEL = 34,
    CREATE_KERNELS_IN_PROGRAM = 35,
};

/* Values from the OpenCL specification and Intel's extension cl_intel_device_attribute_query. */
enum {
    SUCCESS = 0,
    OUT_OF_HOST_MEMORY = -6,
    INVALID_VALUE = -30,
    DEVICE_TYPE_CPU = 1 << 1,
    DEVICE_TYPE_GPU = 1 << 2,
    DEVICE_TYPE = 0x1000,
    DEVICE_EXTENSIONS = 0x1030,
    DEVICE_IP_VERSION = 0x4250,
    PROGRAM_BINARY_SIZES = 0x1165,
    PROGRAM_BINARIES = 0x1166,
    PROGRAM_BUILD_LOG = 0x1183,
    XE_LP = 0x03000000,
};

typedef int32_t status;
typedef status (*get_platform_info_fn)(void* platform, uint32_t name, size_t size, void* value, size_t* needed);
typedef status (*get_platforms_fn)(uint32_t count, void** platforms, uint32_t* available);

static status (*get_device_ids)(void* platform, uint64_t type, uint32_t count, void** devices, uint32_t* available);
static status (*get_device_info)(void* device, uint32_t name, size_t size, void* value, size_t* needed);
static void* (*create_program)(void* context, uint32_t count, const char** texts, const size_t* sizes, status* error);
static status (*release_program)(void* program);
static status (*build_program)(
    void* program, uint32_t count, void* const* devices, const char* options, void* callback, void* data);
static status (*get_program_info)(void* program, uint32_t name, size_t size, void* value, size_t* needed);
static status (*get_build_info)(void* program, void* device, uint32_t name, size_t size, void* value, size_t* needed);
static void* (*create_from_binary)(void* context,
                                   uint32_t count,
                                   void* const* devices,
                                   const size_t* sizes,
                                   const unsigned char** binaries,
                                   status* states,
                                   status* error);
static void* (*create_kernel)(void* program, const char* name, status* error);
static status (*create_kernels)(void* program, uint32_t count, void** kernels, uint32_t* created);

/* A program that the cache may keep, as long as the process runs: programs are never released. */
struct program {
    void* handle;
    void* context;
    unsigned __int128 hash; /* of its source */
    void* from_cache;       /* the same program from the cache, once it is built; else NULL */
    struct program* next;
};

static struct program* programs;

static status answer(const void* source, size_t length, size_t size, void* value, size_t* needed) {
    if (value != NULL) {
        if (size < length) {
            return INVALID_VALUE;
        }
        memcpy(value, source, length);
    }
    if (needed != NULL) {
        *needed = length;
    }
    return SUCCESS;
}

/* Who asks for GPUs is given the CPU. */
static status simulated_device_ids(void* platform, uint64_t type, uint32_t count, void** devices, uint32_t* available) {
    return get_device_ids(platform, type & DEVICE_TYPE_GPU ? type | DEVICE_TYPE_CPU : type, count, devices, available);
}

/* The device's extensions without sub-groups. This runtime forms them along the first dimension only, so that kernels
 * of the plugin that have them along another compute garbage; without them the plugin takes its plain kernels. */
static status extensions_without_subgroups(void* device, size_t size, void* value, size_t* needed) {
    size_t length = 0;
    status state = get_device_info(device, DEVICE_EXTENSIONS, 0, NULL, &length);
    char* all = state == SUCCESS ? malloc(length) : NULL;
    char* kept = state == SUCCESS ? calloc(length + 1, 1) : NULL;
    if (all != NULL && kept != NULL) {
        state = get_device_info(device, DEVICE_EXTENSIONS, length, all, NULL);
        char* rest = NULL;
        for (char* word = strtok_r(all, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
            if (strstr(word, "subgroup") == NULL && strstr(word, "sub_group") == NULL) {
                strcat(strcat(kept, *kept ? " " : ""), word);
            }
        }
        state = state == SUCCESS ? answer(kept, strlen(kept) + 1, size, value, needed) : state;
    } else if (state == SUCCESS) {
        state = OUT_OF_HOST_MEMORY;
    }
    free(all);
    free(kept);
    return state;
}

static status simulated_device_info(void* device, uint32_t name, size_t size, void* value, size_t* needed) {
    const uint64_t type = DEVICE_TYPE_GPU;
    const uint32_t version = XE_LP;
    switch (name) {
        case DEVICE_TYPE:
            return answer(&type, sizeof type, size, value, needed);
        case DEVICE_IP_VERSION:
            return answer(&version, sizeof version, size, value, needed);
        case DEVICE_EXTENSIONS:
            return extensions_without_subgroups(device, size, value, needed);
        default:
            return get_device_info(device, name, size, value, needed);
    }
}

/* The specification lets a length be 0, or all be left out, for texts that end with a NUL. */
static size_t length_of(const char** texts, const size_t* sizes, uint32_t number) {
    return sizes != NULL && sizes[number] != 0 ? sizes[number] : strlen(texts[number]);
}

static void keep_source(uint32_t count, const char** texts, const size_t* sizes) {
    static unsigned number;
    const char* folder = getenv("OVEXT_SIM_PROGRAMS");
    char path[4096];
    if (folder == NULL || snprintf(path,
                                   sizeof path,
                                   "%s/%d-%04u.cl",
                                   folder,
                                   (int)getpid(),
                                   __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED)) >= (int)sizeof path) {
        return;
    }
    FILE* file = fopen(path, "w");
    for (uint32_t i = 0; file != NULL && i < count; ++i) {
        fwrite(texts[i], 1, length_of(texts, sizes, i), file);
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* FNV-1a of 128 bits. */
static unsigned __int128 hashed(unsigned __int128 hash, const char* text, size_t length) {
    const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
    for (size_t i = 0; i < length; ++i) {
        hash = (hash ^ (unsigned char)text[i]) * prime;
    }
    return hash;
}

/* Whether the text has the word, which backslashes at ends of lines may divide. */
static int has_word(const char* text, size_t length, const char* word) {
    for (size_t start = 0; start < length; ++start) {
        size_t place = start, matched = 0;
        while (place < length && word[matched] != '\0') {
            if (matched > 0 && place + 1 < length && text[place] == '\\' && text[place + 1] == '\n') {
                place += 2;
            } else if (text[place] == word[matched]) {
                ++place;
                ++matched;
            } else {
                break;
            }
        }
        if (word[matched] == '\0') {
            return 1;
        }
    }
    return 0;
}

/* Another file, which may change, can be a part of the program. */
static int may_bring_a_file(const char* text, size_t length) {
    return has_word(text, length, "include") || has_word(text, length, "import");
}

/* Without the plugin's comments that name the file of a custom kernel, which lies elsewhere each time. */
static unsigned __int128 hashed_source(unsigned __int128 hash, const char* text, size_t length) {
    static const char comment[] = "\n// Custom Layer Kernel ";
    const char* end = text + length;
    const char* found = NULL;
    while ((found = memmem(text, (size_t)(end - text), comment, sizeof comment - 1)) != NULL) {
        const char* line_end = memchr(found + 1, '\n', (size_t)(end - found - 1));
        line_end = line_end != NULL ? line_end : end;
        hash = hashed(hash, text, (size_t)(found - text));
        if (memmem(found, (size_t)(line_end - found), "*/", 2) != NULL) { /* it ends a comment, and code may follow */
            hash = hashed(hash, found, (size_t)(line_end - found));
        }
        text = line_end;
    }
    return hashed(hash, text, (size_t)(end - text));
}

static void remember(void* handle, void* context, uint32_t count, const char** texts, const size_t* sizes) {
    unsigned __int128 hash = ((unsigned __int128)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d;
    if (handle == NULL || getenv("OVEXT_SIM_CACHE") == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; ++i) {
        const size_t length = length_of(texts, sizes, i);
        if (may_bring_a_file(texts[i], length)) {
            return;
        }
        hash = hashed_source(hash, texts[i], length);
    }
    struct program* program = calloc(1, sizeof *program);
    if (program == NULL) {
        return;
    }
    *program = (struct program){.handle = handle, .context = context, .hash = hash};
    program->next = __atomic_load_n(&programs, __ATOMIC_ACQUIRE);
    while (!__atomic_compare_exchange_n(&programs, &program->next, program, 0, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
    }
}

static struct program* find(void* handle) {
    struct program* program = __atomic_load_n(&programs, __ATOMIC_ACQUIRE);
    while (program != NULL && program->handle != handle) {
        program = program->next;
    }
    return program;
}

/* The program itself, or the same one from the cache. */
static void* built(void* handle) {
    const struct program* program = find(handle);
    void* other = program != NULL ? __atomic_load_n(&program->from_cache, __ATOMIC_ACQUIRE) : NULL;
    return other != NULL ? other : handle;
}

/* Where the cache has the program, built with these options. */
static int path_in_cache(const struct program* program, const char* options, char* path, size_t size) {
    const char* text = options != NULL ? options : "";
    const unsigned __int128 hash = hashed(hashed(program->hash, "", 1), text, strlen(text));
    const char* folder = getenv("OVEXT_SIM_CACHE");
    const unsigned long long high = (unsigned long long)(hash >> 64), low = (unsigned long long)hash;
    return snprintf(path, size, "%s/%016llx%016llx", folder, high, low) < (int)size;
}

static unsigned char* read_file(const char* path, size_t* size) {
    FILE* file = fopen(path, "rb");
    unsigned char* bytes = NULL;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0 && ftell(file) > 0) {
        *size = (size_t)ftell(file);
        bytes = malloc(*size);
        rewind(file);
    }
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        bytes = NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return bytes;
}

/* Whether the program is built from what the cache has. */
static int take_from_cache(struct program* program, void* device, const char* options, const char* path) {
    size_t size = 0;
    status error = INVALID_VALUE;
    unsigned char* bytes = read_file(path, &size);
    void* other = bytes == NULL ? NULL
                                : create_from_binary(
                                      program->context, 1, &device, &size, (const unsigned char**)&bytes, NULL, &error);
    free(bytes);
    if (other == NULL || error != SUCCESS || build_program(other, 1, &device, options, NULL, NULL) != SUCCESS) {
        return 0;
    }
    __atomic_store_n(&program->from_cache, other, __ATOMIC_RELEASE);
    return 1;
}

/* Another process sees the whole file or none. */
static void put_into_cache(void* handle, const char* path) {
    size_t size = 0;
    char aside[4096 + 16];
    snprintf(aside, sizeof aside, "%s.%d", path, (int)getpid());
    if (get_program_info(handle, PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) != SUCCESS || size == 0) {
        return;
    }
    unsigned char* bytes = malloc(size);
    FILE* file = bytes != NULL ? fopen(aside, "wbx") : NULL;
    if (file != NULL) {
        int is_whole = get_program_info(handle, PROGRAM_BINARIES, sizeof bytes, &bytes, NULL) == SUCCESS &&
                       fwrite(bytes, 1, size, file) == size;
        is_whole &= fclose(file) == 0;
        if (!is_whole || rename(aside, path) != 0) {
            unlink(aside);
        }
    }
    free(bytes);
}

static void* simulated_create_program(
    void* context, uint32_t count, const char** texts, const size_t* sizes, status* error) {
    keep_source(count, texts, sizes);
    void* handle = create_program(context, count, texts, sizes, error);
    remember(handle, context, count, texts, sizes);
    return handle;
}

static void* simulated_create_kernel(void* program, const char* name, status* error) {
    return create_kernel(built(program), name, error);
}

static status simulated_create_kernels(void* program, uint32_t count, void** kernels, uint32_t* created) {
    return create_kernels(built(program), count, kernels, created);
}

static status simulated_program_info(void* program, uint32_t name, size_t size, void* value, size_t* needed) {
    return get_program_info(built(program), name, size, value, needed);
}

static status simulated_build_info(
    void* program, void* device, uint32_t name, size_t size, void* value, size_t* needed) {
    return get_build_info(built(program), device, name, size, value, needed);
}

/* This runtime drops a program that kernels still refer to; a process that runs one model can keep them all. */
static status simulated_release_program(void* program) {
    (void)program;
    return SUCCESS;
}

static status simulated_build_program(
    void* program, uint32_t count, void* const* devices, const char* options, void* callback, void* data) {
    char path[4096];
    struct program* known = count == 1 && callback == NULL ? find(program) : NULL;
    const int has_place = known != NULL && path_in_cache(known, options, path, sizeof path);
    if (has_place && take_from_cache(known, devices[0], options, path)) {
        return SUCCESS;
    }
    if (known != NULL) {
        __atomic_store_n(&known->from_cache, NULL, __ATOMIC_RELEASE);
    }
    const status state = build_program(program, count, devices, options, callback, data);
    if (has_place && state == SUCCESS) {
        put_into_cache(program, path);
    }
    size_t length = 0;
    if (state != SUCCESS && count > 0 &&
        get_build_info(program, devices[0], PROGRAM_BUILD_LOG, 0, NULL, &length) == SUCCESS) {
        char* log = calloc(length + 1, 1);
        if (log != NULL && get_build_info(program, devices[0], PROGRAM_BUILD_LOG, length, log, NULL) == SUCCESS) {
            fprintf(stderr, "%s\n", log);
        }
        free(log);
    }
    return state;
}

static void replace(void** table, int position, void* function, void* original) {
    void** entry = &table[position];
    if (*entry == function) {
        return;
    }
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = (uintptr_t)entry / page * page;
    memcpy(original, entry, sizeof *entry);
    if (mprotect((void*)begin, (uintptr_t)(entry + 1) - begin, PROT_READ | PROT_WRITE) == 0) {
        *entry = function;
    }
}

static void simulate(void** table) {
    memcpy(&create_from_binary, &table[CREATE_PROGRAM_WITH_BINARY], sizeof create_from_binary);
    replace(table, GET_DEVICE_IDS, (void*)simulated_device_ids, &get_device_ids);
    replace(table, GET_DEVICE_INFO, (void*)simulated_device_info, &get_device_info);
    replace(table, CREATE_PROGRAM_WITH_SOURCE, (void*)simulated_create_program, &create_program);
    replace(table, RELEASE_PROGRAM, (void*)simulated_release_program, &release_program);
    replace(table, BUILD_PROGRAM, (void*)simulated_build_program, &build_program);
    replace(table, GET_PROGRAM_INFO, (void*)simulated_program_info, &get_program_info);
    replace(table, GET_PROGRAM_BUILD_INFO, (void*)simulated_build_info, &get_build_info);
    replace(table, CREATE_KERNEL, (void*)simulated_create_kernel, &create_kernel);
    replace(table, CREATE_KERNELS_IN_PROGRAM, (void*)simulated_create_kernels, &create_kernels);
}

static void* runtime_function(const char* name) {
    static void* runtime;
    if (runtime == NULL) {
        const char* path = getenv("OVEXT_SIM_RUNTIME");
        runtime = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    }
    if (runtime == NULL) {
        const char* reason = dlerror();
        fprintf(stderr, "OVEXT_SIM_RUNTIME cannot be loaded: %s\n", reason != NULL ? reason : "it is not set");
        return NULL;
    }
    void* (*find)(const char*) = NULL;
    *(void**)&find = dlsym(runtime, "clGetExtensionFunctionAddress");
    return find != NULL ? find(name) : NULL;
}

__attribute__((visibility("default"))) status clIcdGetPlatformIDsKHR(uint32_t count,
                                                                     void** platforms,
                                                                     uint32_t* available) {
    get_platforms_fn get_platforms = (get_platforms_fn)runtime_function("clIcdGetPlatformIDsKHR");
    uint32_t found = 0;
    if (get_platforms == NULL) {
        return INVALID_VALUE;
    }
    const status state = get_platforms(count, platforms, &found);
    for (uint32_t i = 0; state == SUCCESS && platforms != NULL && i < count && i < found; ++i) {
        simulate(*(void***)platforms[i]);
    }
    if (available != NULL) {
        *available = found;
    }
    return state;
}

/* Some loaders ask the ICD for this function before they look into the table. */
__attribute__((visibility("default"))) status
clGetPlatformInfo(void* platform, uint32_t name, size_t size, void* value, size_t* needed) {
    get_platform_info_fn get_platform_info = NULL;
    memcpy(&get_platform_info, &(*(void***)platform)[GET_PLATFORM_INFO], sizeof get_platform_info);
    return get_platform_info(platform, name, size, value, needed);
}

__attribute__((visibility("default"))) void* clGetExtensionFunctionAddress(const char* name) {
    return strcmp(name, "clIcdGetPlatformIDsKHR") == 0 ? (void*)clIcdGetPlatformIDsKHR : runtime_function(name);
}
